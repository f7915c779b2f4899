import { createSecretKey } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { SignJWT } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type JwtOptions, jwt } from '../../../../src/plugins/auth/index.js';
import { until } from '../../../support/poll.js';
import {
  AUDIENCE,
  Authority,
  claims,
  failure,
  ISSUER,
  json,
  type SigningKey,
  sign,
  signingKey,
  withToken,
} from './authority.js';

let first: SigningKey;
let second: SigningKey;
let server: Authority;

beforeAll(async () => {
  first = await signingKey('first');
  second = await signingKey('second');
});
beforeEach(async () => {
  server = await new Authority().start();
  server.publish(first);
});
afterEach(() => server.stop());

const make = (options: Partial<JwtOptions> = {}) => {
  const authenticate = jwt({
    jwksUri: server.url,
    issuer: ISSUER,
    audience: AUDIENCE,
    cooldownMs: 1,
    mapClaims: undefined,
    ...options,
  } as JwtOptions & { mapClaims?: undefined });
  return async (key: SigningKey, header: object = {}) => authenticate(withToken(await sign(key, {}, header)));
};

const isIn = { userId: 'alice' };
const passed = (ms: number) => {
  const start = performance.now();
  return until(`${ms} ms have passed`, () => performance.now() - start > ms, { intervalMs: 2 });
};

describe('the keys of a server', () => {
  test('are asked for once, by however many clients, and kept', async () => {
    const enter = make();
    const all = await Promise.all(Array.from({ length: 50 }, () => enter(first)));
    expect(all).toHaveLength(50);
    await enter(first);
    expect(server.requests).toBe(1);
  });

  test('are rotated without an outage: a new one is asked for when it is first seen, the old one goes on', async () => {
    const enter = make();
    await enter(first);
    server.publish(first, second);
    await passed(2);
    expect(await Promise.all([enter(first), enter(second), enter(first), enter(second)])).toMatchObject([
      isIn,
      isIn,
      isIn,
      isIn,
    ]);
    expect(server.requests).toBe(2);
  });

  test('that were withdrawn hold no longer than cacheTtlMs', async () => {
    const enter = make({ cacheTtlMs: 50 });
    await enter(first);
    server.publish(second);
    await until('the first key is refused', () =>
      enter(first).then(
        () => false,
        ({ code }) => code === 'ERR_RELAY_UNAUTHENTICATED',
      ),
    );
  });

  test('that were withdrawn let nobody in after a pause that was longer than that', async () => {
    const enter = make({ cacheTtlMs: 50 });
    await enter(first);
    server.publish(second);
    await passed(50);
    expect((await failure(enter(first))).code).toBe('ERR_RELAY_UNAUTHENTICATED');
  });

  test('are refreshed while the old ones go on: nobody waits for a server that hangs', async () => {
    const enter = make({ cacheTtlMs: 300, timeoutMs: 60_000 });
    await enter(first);
    const hanging: ServerResponse[] = [];
    server.answer = (response) => void hanging.push(response);
    await until('new keys are asked for', async () => {
      await enter(first);
      return hanging.length === 1;
    });
    // Also when cacheTtlMs has passed: they hold for maxStaleMs.
    await passed(300);
    await Promise.all(Array.from({ length: 50 }, () => enter(first)));
    expect(hanging).toHaveLength(1);

    const newcomer = enter(second);
    json({ keys: [first.jwk, second.jwk] })(hanging[0] as ServerResponse, '', undefined as never);
    expect(await newcomer).toMatchObject(isIn);
    expect(server.requests).toBe(2);
  });

  test('are not asked for by what is no token', async () => {
    const authenticate = jwt({ jwksUri: server.url, issuer: ISSUER, audience: AUDIENCE });
    for (const token of ['opaque', 'a.b', 'a.b.c.d', 'a.b.c\n', 'ä.b.c', '..'])
      expect((await failure(authenticate(withToken(token)))).code).toBe('ERR_RELAY_UNAUTHENTICATED');
    expect(server.requests).toBe(0);
  });

  test('serve tokens without kid too, whatever number of them there is, also while they are rotated', async () => {
    const enter = make();
    const noKid = { kid: undefined };
    expect(await enter(first, noKid)).toMatchObject(isIn);
    server.publish(second);
    await passed(2);
    expect(await enter(second, noKid)).toMatchObject(isIn);
    server.publish(first, second);
    await passed(2);
    expect(await enter(first, noKid)).toMatchObject(isIn);
    const stranger = await signingKey('stranger');
    expect((await failure(enter(stranger, noKid))).why).toMatch('SIGNATURE');
  });
});

describe('an unknown kid is refused', () => {
  test('and the server asked once in cooldownMs, however many there are', async () => {
    const enter = make({ cooldownMs: 60_000 });
    await enter(first);
    for (let n = 0; n < 20; n += 1)
      expect((await failure(enter(second, { kid: `unknown-${n}` }))).code).toBe('ERR_RELAY_UNAUTHENTICATED');
    expect(server.requests).toBe(1);
  });

  test.each([
    '../../../etc/passwd',
    '/dev/null',
    'http://127.0.0.1:1/',
    "' OR 1=1 --",
    '__proto__',
    'x'.repeat(5_000),
  ])('be it a path, a URL, an injection: %.30s', async (kid) => {
    const enter = make();
    expect((await failure(enter(second, { kid }))).code).toBe('ERR_RELAY_UNAUTHENTICATED');
  });

  test('also where the key itself was said to be symmetric by the server', async () => {
    const secret = Buffer.alloc(32, 7);
    server.answer = json({
      keys: [first.jwk, { kty: 'oct', kid: 'oct', alg: 'HS256', k: secret.toString('base64url') }],
    });
    const token = await new SignJWT(claims())
      .setProtectedHeader({ alg: 'HS256', kid: 'oct' })
      .sign(createSecretKey(secret));
    const authenticate = jwt({ jwksUri: server.url, issuer: ISSUER, audience: AUDIENCE });
    expect((await failure(authenticate(withToken(token)))).why).toMatch('ALG_NOT_ALLOWED');
  });
});

/** All that a server can do wrong. */
const faults: [string, (server: Authority) => unknown][] = [
  ['is down', (each) => each.stop()],
  [
    'does not answer',
    (each) => {
      each.answer = () => {};
    },
  ],
  [
    'answers a byte at a time, without end',
    (each) => {
      each.answer = (response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write(' '), 10);
        response.on('close', () => clearInterval(timer));
      };
    },
  ],
  [
    'answers more than anybody reads',
    (each) => {
      each.answer = (response) => {
        response.writeHead(200);
        const pour = (): void => {
          while (response.write(' '.repeat(65_536)));
        };
        response.on('drain', pour);
        pour();
      };
    },
  ],
  [
    'fails',
    (each) => {
      each.answer = (response) => response.writeHead(500).end('{}');
    },
  ],
  [
    'sends one elsewhere',
    (each) => {
      each.answer = (response, _, { url }) =>
        url === '/path'
          ? response.writeHead(302, { location: '/elsewhere' }).end()
          : json({ keys: [second.jwk] })(response, '', undefined as never);
    },
  ],
  [
    'hangs up in the middle',
    (each) => {
      each.answer = (response) => {
        response.writeHead(200, { 'content-length': '1000' }).write('{"keys":[');
        setImmediate(() => response.destroy());
      };
    },
  ],
  ...(['<html>', '', 'null', '[]', '{}', '{"keys":{}}', '{"keys":[]}', '{"keys":[7]}'] as const).map(
    (text): [string, (server: Authority) => void] => [
      `lies: ${text || 'nothing'}`,
      (each) => {
        each.answer = (response) => response.writeHead(200).end(text);
      },
    ],
  ),
];

describe.each(faults)('a server that %s', (_, spoil) => {
  test('is "not available", not a bad token; and all is well once it is', async () => {
    const enter = make({ timeoutMs: 500 });
    await spoil(server);
    const { code, error, why } = await failure(enter(first));
    expect([code, error.retryable, error.httpStatus, error.closeCode]).toEqual([
      'ERR_RELAY_AUTH_UNAVAILABLE',
      true,
      503,
      4503,
    ]);
    expect(why).not.toBe('');
    await server.stop();
    server.publish(first);
    await server.start();
    expect(await until('it is well again', () => enter(first))).toMatchObject(isIn);
  });

  test('is done without: old keys go on, for maxStaleMs; a new one can’t be judged', async () => {
    const heard: string[] = [];
    const warn = (_fields: object, message: string) => void heard.push(message);
    const logger = { debug() {}, info() {}, error() {}, warn };
    const enter = make({ timeoutMs: 500, cacheTtlMs: 1, logger });
    await enter(first);
    await spoil(server);
    await passed(2);
    expect(await enter(first)).toMatchObject(isIn);
    expect((await failure(enter(second))).code).toBe('ERR_RELAY_AUTH_UNAVAILABLE');
    expect(heard[0]).toBe('Old keys are used: there are no new ones');
  });
});

test('old keys are given up in the end', async () => {
  const enter = make({ cacheTtlMs: 1, maxStaleMs: 100 });
  await enter(first);
  await server.stop();
  await until('they are given up', () =>
    enter(first).then(
      () => false,
      ({ code }) => code === 'ERR_RELAY_AUTH_UNAVAILABLE',
    ),
  );
});

test('a server that is down is not asked by everybody who comes; they are told when to try again', async () => {
  const enter = make({ cooldownMs: 60_000 });
  server.answer = (response) => response.writeHead(503).end();
  const failures = await Promise.all(Array.from({ length: 20 }, () => failure(enter(first))));
  failures.push(await failure(enter(first)));
  expect(server.requests).toBe(1);
  for (const { error } of failures) {
    expect(error.retryAfterMs).toBeGreaterThan(50_000);
    expect(error.retryAfterMs).toBeLessThanOrEqual(60_000);
  }
});
