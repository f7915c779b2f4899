import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Authenticate, type Logger, SfuRelay } from '../../../../src/index.js';
import { jwt } from '../../../../src/plugins/auth/index.js';
import { type ScriptedSfu, startScriptedSfu } from '../../../../src/testing/index.js';
import { overMemory } from '../../../contract/memory-server.js';
import { WireClient } from '../../../contract/wire-client.js';
import {
  AUDIENCE,
  Authority,
  byIntrospection,
  ISSUER,
  inSeconds,
  json,
  type SigningKey,
  sign,
  signingKey,
} from './authority.js';

let sfu: ScriptedSfu;
let server: Authority;
let key: SigningKey;
let logged: string[];
let logger: Logger;

beforeEach(async () => {
  sfu = await startScriptedSfu();
  server = await new Authority().start();
  key = await signingKey('1');
  logged = [];
  const write = (fields: object, message: string) =>
    void logged.push(message, inspect(fields, { depth: Number.POSITIVE_INFINITY, showHidden: true }));
  logger = { debug: write, info: write, warn: write, error: write };
});
afterEach(async () => {
  await sfu.stop();
  await server.stop();
});

/** Brings a token in every way there is, and gives all that anybody was told or the log has. */
async function bring(authenticate: Authenticate, token: string): Promise<string> {
  const relay = new SfuRelay({ sfu: { serverUrl: sfu.address }, authenticate, logger });
  const connect = overMemory(relay, {});
  const said: unknown[] = [];
  for (const [protocols, headers, query] of [
    [['sfu-relay.v1', `bearer.${token}`], {}, ''],
    [[], { authorization: `Bearer ${token}` }, ''],
    [[], {}, `?token=${encodeURIComponent(token)}`],
    [[], {}, ''],
  ] as [string[], Record<string, string>, string][]) {
    const client = await WireClient.open(connect(protocols, headers, query));
    for (const message of [
      { id: 1, method: 'authenticate', params: { token } },
      { id: 2, method: 'authenticate', params: { token, more: 7 } },
      { id: 3, method: 'join', params: { sid: 'lobby', offer: { type: 'offer', sdp: 'nonsense' } } },
    ])
      client.send(message);
    await Promise.race([client.next(({ id }) => id === 3).catch(() => {}), client.closed]);
    client.vanish();
    said.push(client.received, await client.closed);
  }
  await relay.close();
  return inspect([said, logged], { depth: Number.POSITIVE_INFINITY, maxStringLength: null });
}

/** No part of it that is longer than what all tokens begin with. */
function expectNothingOf(token: string, text: string): void {
  expect(text).toMatch(/token|Token|authenticate/);
  for (let start = 0; start + 24 <= token.length; start += 8)
    expect(text).not.toContain(token.slice(start, start + 24));
}

const byJwt = () => jwt({ jwksUri: server.url, issuer: ISSUER, audience: AUDIENCE, logger, timeoutMs: 100 });

test('no token is logged or told, be it good, bad, or impossible to judge: JWT', async () => {
  const stranger = await signingKey('1');
  const good = await sign(key);
  for (const token of [
    good,
    await sign(stranger),
    await sign(key, { exp: inSeconds(-60) }),
    await sign(key, { aud: 'shop' }),
    await sign(key, { video: undefined as never }),
    await sign(key, { video: { roomJoin: true, canPublish: 'secret-secret-secret-secret' } as never }),
    good.replace('.', '..'),
    good.slice(5),
  ]) {
    server.publish(key);
    expectNothingOf(token, await bring(byJwt(), token));
    server.answer = (response) => response.writeHead(200).end(`<html>${token}</html>`);
    expectNothingOf(token, await bring(byJwt(), token));
  }
});

test('no token is logged or told: introspection, also where the server repeats it', async () => {
  const token = 'opaque-0123456789-abcdefghijklmnopqrstuvwxyz';
  for (const answer of [
    json({ active: false, token }),
    json({ active: true, sub: 'alice', exp: inSeconds(-60), token }),
    json({ active: token }),
    json({ active: true, exp: token }),
  ]) {
    server.answer = answer;
    expectNothingOf(token, await bring(byIntrospection(server.url, { timeoutMs: 100 }), token));
  }
  for (const status of [200, 401, 500]) {
    server.answer = (response, body) => response.writeHead(status, { 'x-echo': token }).end(`echo ${body}`);
    const text = await bring(byIntrospection(server.url, { timeoutMs: 100 }), token);
    expectNothingOf(token, text);
    expectNothingOf('relay-secret-of-24-bytes', text);
  }
  server.answer = (response, _, { url }) =>
    response.writeHead(302, { location: `${url}?token=${token}` }).end();
  expectNothingOf(token, await bring(byIntrospection(server.url, { timeoutMs: 100 }), token));
  await server.stop();
  expectNothingOf(token, await bring(byIntrospection(server.url, { timeoutMs: 100 }), token));
});
