import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConsumerProject } from '../support/consumer.js';

const PEERS = ['jose', 'prom-client', 'rate-limiter-flexible', 'werift', 'ws'];

/** Prints what becomes of each call, as JSON. */
const SCRIPT = `
const { createServer } = await import('node:http');
const { anonymous, SfuRelay } = await import('sfu-relay');
const sfu = { serverUrl: '127.0.0.1:1', probeOnStart: false };
const relay = new SfuRelay({ sfu, authenticate: anonymous() });
const outcomes = {};
async function attempt(name, act) {
  try {
    await act();
    outcomes[name] = 'done';
  } catch (error) {
    outcomes[name] = error.code + ': ' + error.message;
  }
}
const warned = new Promise((resolve) => {
  const warnings = [];
  process.on('warning', (warning) => {
    warnings.push(warning.message);
    if (warnings.length === 2) resolve(warnings.sort());
  });
});
const { rateLimits } = await import('sfu-relay/limits');
await attempt('limits', () => rateLimits().consume({ method: 'join', connectionId: '1' }));
await attempt('redis', () => rateLimits({ redis: { eval() {}, multi() {} } }));
const { collectMetrics } = await import('sfu-relay/metrics');
await attempt('metrics', () => collectMetrics(relay));
const { useServer } = await import('sfu-relay/ws');
await attempt('ws', () => useServer(relay, createServer()));
const { startDevSfu } = await import('sfu-relay/testing');
await attempt('testing', () => startDevSfu());
const { jwt } = await import('sfu-relay/auth');
const authenticate = jwt({ secret: 's'.repeat(32) });
await attempt('auth', () => authenticate({ url: '/', headers: {}, remoteAddress: undefined, token: 'a.b.c' }));
outcomes.warnings = await warned;
await relay.close();
process.stdout.write(JSON.stringify(outcomes));
`;

describe.each(['module', 'commonjs'] as const)(
  'without any optional peer, in a project of type %s',
  (type) => {
    let project: ConsumerProject;

    beforeAll(async () => {
      project = await ConsumerProject.create(type);
      for (const peer of PEERS) await rm(join(project.folder, 'node_modules', peer));
    });
    afterAll(async () => {
      await project?.remove();
    });

    test('every entry point is imported, and what needs a peer names the command that installs it', async () => {
      const requires = SCRIPT.replace(/await import\(/g, 'require(');
      await project.write('peers.js', type === 'module' ? SCRIPT : `(async () => {${requires}})();`);
      expect(JSON.parse(await project.run('peers.js'))).toEqual({
        limits: 'done',
        redis: 'done',
        metrics:
          'ERR_RELAY_CONFIG: collectMetrics() needs the package prom-client: npm install prom-client, or pass { registry } of the one that is there.',
        ws: 'ERR_RELAY_CONFIG: useServer() needs the package ws: npm install ws, or pass a WebSocketServer of your own.',
        testing: 'ERR_RELAY_CONFIG: The development SFU needs the package werift: npm install werift.',
        auth: 'ERR_RELAY_AUTH_UNAVAILABLE: Authentication is not available now: try again.',
        warnings: [
          'jwt() needs the package jose: npm install jose.',
          'rateLimits({ redis }) needs the package rate-limiter-flexible: npm install rate-limiter-flexible.',
        ],
      });
    });
  },
);
