import { describe, expect, test } from 'vitest';
import { checkNodeVersion } from '../../../src/relay/node-version.js';
import { loadPeer, requirePeer } from '../../../src/util/optional-peer.js';

const peer = { name: 'sfu-relay-no-such-package', user: 'jwt()' };
const named = {
  code: 'ERR_RELAY_CONFIG',
  message: 'jwt() needs the package sfu-relay-no-such-package: npm install sfu-relay-no-such-package.',
};
const specifier: string = peer.name;

describe('an optional peer that is missing', () => {
  test('is named with the command that installs it', async () => {
    await expect(loadPeer(peer, () => import(/* @vite-ignore */ specifier))).rejects.toMatchObject(named);
    expect(() => requirePeer(peer)).toThrow(expect.objectContaining(named));
  });

  test('is named with what else can be done', () => {
    expect(() => requirePeer({ ...peer, otherwise: 'pass { registry }' })).toThrow(
      'npm install sfu-relay-no-such-package, or pass { registry }.',
    );
  });

  test('is not blamed for another that it needs itself', async () => {
    const missing = Object.assign(new Error("Cannot find package 'other'"), { code: 'ERR_MODULE_NOT_FOUND' });
    await expect(loadPeer(peer, () => Promise.reject(missing))).rejects.toBe(missing);
  });

  test('is loaded where it is there', () => {
    expect(requirePeer<typeof import('ws')>({ name: 'ws', user: 'useServer()' }).WebSocketServer).toBeTypeOf(
      'function',
    );
  });
});

describe('the version of Node.js', () => {
  test.each(['18.20.4', '19.0.0', '4.9.1'])('%s is refused, with what to install', (version) => {
    expect(() => checkNodeVersion(version)).toThrow(
      `sfu-relay needs Node.js 20 or later, and this is Node.js ${version}: install a newer one`,
    );
  });

  test.each(['20.0.0', '22.12.1', '100.0.0'])('%s is taken', (version) => {
    expect(() => checkNodeVersion(version)).not.toThrow();
  });
});
