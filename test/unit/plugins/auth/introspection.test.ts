import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { IntrospectionOptions } from '../../../../src/plugins/auth/index.js';
import { until } from '../../../support/poll.js';
import {
  AUDIENCE,
  Authority,
  byIntrospection,
  claims,
  failure,
  ISSUER,
  inSeconds,
  json,
  withToken,
} from './authority.js';

let server: Authority;

beforeEach(async () => {
  server = await new Authority().start();
  server.answer = json({ active: true, ...claims() });
});
afterEach(() => server.stop());

const make = (options: Partial<IntrospectionOptions> = {}) => {
  const authenticate = byIntrospection(server.url, options);
  return async (token = 'opaque') => authenticate(withToken(token));
};

const codeOf = async (call: unknown) => (await failure(call)).code;

test('asks as RFC 7662 says: the token in a form, the client by name and secret', async () => {
  let asked: unknown;
  server.answer = (response, body, { method, headers }) => {
    asked = [method, headers['content-type'], headers.accept, headers.authorization, body];
    json({ active: true, ...claims() })(response, '', undefined as never);
  };
  const exp = inSeconds(600);
  const enter = make({ clientId: 'the relay', clientSecret: 'a:b+c/ä' });
  expect(await enter('a token &c=1')).toMatchObject({ userId: 'alice', grants: { room: 'lobby' } });
  const credentials = Buffer.from('the+relay:a%3Ab%2Bc%2F%C3%A4').toString('base64');
  expect(asked).toEqual([
    'POST',
    'application/x-www-form-urlencoded;charset=UTF-8',
    'application/json',
    `Basic ${credentials}`,
    'token=a+token+%26c%3D1&token_type_hint=access_token',
  ]);
  expect((await enter('another')).expiresAt).toBeGreaterThanOrEqual(exp * 1000);

  await make({ clientAuthentication: 'post' })();
  expect(asked).toMatchObject({
    3: undefined,
    4: 'client_id=relay&client_secret=relay-secret-of-24-bytes&token=opaque&token_type_hint=access_token',
  });
});

describe('what the server said', () => {
  test('holds for cacheTtlMs; who asks meanwhile, or at the same time, asks nobody', async () => {
    const enter = make({ cacheTtlMs: 60_000 });
    await Promise.all([enter(), enter(), enter()]);
    await enter();
    expect(server.requests).toBe(1);
    await enter('another');
    expect(server.requests).toBe(2);
  });

  test('is asked for every time where cacheTtlMs is 0', async () => {
    const enter = make({ cacheTtlMs: 0 });
    await enter();
    await enter();
    expect(server.requests).toBe(2);
  });

  test('never holds beyond the end of the token', async () => {
    const enter = make({ cacheTtlMs: 60_000, clockToleranceMs: 60_000 });
    server.answer = json({ active: true, ...claims({ exp: inSeconds(0) }) });
    await enter();
    server.answer = json({ active: false });
    expect(await codeOf(enter())).toBe('ERR_RELAY_UNAUTHENTICATED');
  });

  test('is forgotten when there is too much of it, the oldest first', async () => {
    const enter = make({ maxCachedTokens: 2 });
    for (const token of ['1', '2', '3', '3', '2', '1']) await enter(token);
    expect(server.requests).toBe(4);
  });

  test('of a token that is refused is soon asked for again', async () => {
    const enter = make();
    server.answer = json({ active: false });
    expect(await codeOf(enter())).toBe('ERR_RELAY_UNAUTHENTICATED');
    server.answer = json({ active: true, ...claims() });
    await until('it is let in', () => enter().catch(() => undefined), { timeoutMs: 5_000 });
  });
});

describe('a token is refused', () => {
  test.each([
    ['that is not active', { active: false, sub: 'alice' }, 'ERR_RELAY_UNAUTHENTICATED'],
    ['for another audience', { active: true, ...claims({ aud: 'shop' }) }, 'ERR_RELAY_UNAUTHENTICATED'],
    ['for no audience', { active: true, ...claims(), aud: undefined }, 'ERR_RELAY_UNAUTHENTICATED'],
    [
      'of another issuer',
      { active: true, ...claims({ iss: 'https://evil.org' }) },
      'ERR_RELAY_UNAUTHENTICATED',
    ],
    ['that begins later', { active: true, ...claims({ nbf: inSeconds(60) }) }, 'ERR_RELAY_UNAUTHENTICATED'],
    ['that has ended', { active: true, ...claims({ exp: inSeconds(-60) }) }, 'ERR_RELAY_EXPIRED'],
    ['that names no user', { active: true, ...claims(), sub: undefined }, 'ERR_RELAY_UNAUTHENTICATED'],
    ['that says nothing of rooms', { active: true, ...claims(), video: undefined }, 'ERR_RELAY_FORBIDDEN'],
  ])('%s', async (_, answer, code) => {
    server.answer = json(answer);
    expect(await codeOf(make({ issuer: ISSUER, audience: AUDIENCE })())).toBe(code);
  });
});

test('one without an end lasts as long as its session', async () => {
  server.answer = json({ active: true, ...claims(), exp: undefined });
  expect(await make()()).not.toHaveProperty('expiresAt');
});

describe.each<[string, (each: Authority) => unknown]>([
  ['is down', (each) => each.stop()],
  [
    'does not answer',
    (each) => {
      each.answer = () => {};
    },
  ],
  ...([401, 403, 404, 429, 500, 503] as const).map((status): [string, (each: Authority) => unknown] => [
    `answers with ${status}`,
    (each) => {
      each.answer = (response) => response.writeHead(status).end('{"active":true,"sub":"root"}');
    },
  ]),
  [
    'sends one elsewhere',
    (each) => {
      each.answer = (response) => response.writeHead(307, { location: each.url }).end();
    },
  ],
  ...[
    '<html>',
    '',
    'null',
    '[]',
    '{}',
    '{"active":"true"}',
    '{"active":1}',
    '{"active":true,"exp":"soon"}',
  ].map((text): [string, (each: Authority) => unknown] => [
    `lies: ${text || 'nothing'}`,
    (each) => {
      each.answer = (response) => response.writeHead(200).end(text);
    },
  ]),
])('a server that %s', (_, spoil) => {
  test('is "not available", not a bad token; and asked again by the next', async () => {
    const enter = make({ timeoutMs: 500 });
    await enter('known');
    await spoil(server);
    const { code, error } = await failure(enter());
    expect([code, error.retryable]).toEqual(['ERR_RELAY_AUTH_UNAVAILABLE', true]);
    // What it said before holds.
    expect(await enter('known')).toMatchObject({ userId: 'alice' });
    await server.stop();
    server.answer = json({ active: true, ...claims() });
    await server.start();
    expect(await enter()).toMatchObject({ userId: 'alice' });
  });
});
