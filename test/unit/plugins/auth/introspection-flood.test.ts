import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { IntrospectionOptions } from '../../../../src/plugins/auth/index.js';
import { until } from '../../../support/poll.js';
import { Authority, byIntrospection, claims, failure, json, withToken } from './authority.js';

let server: Authority;

beforeEach(async () => {
  server = await new Authority().start();
  server.answer = json({ active: true, ...claims() });
});
afterEach(() => server.stop());

const make = (options: Partial<IntrospectionOptions> = {}) => {
  const authenticate = byIntrospection(server.url, options);
  return async (token: string, remoteAddress = '192.0.2.1') =>
    authenticate({ ...withToken(token), remoteAddress });
};

const codeOf = async (call: unknown) => (await failure(call)).code;

describe('a slow server', () => {
  /** Its answers, which it has not given yet, in the order of the requests. */
  let waiting: { token: string | null; answer: (sub?: string) => void }[];

  beforeEach(() => {
    waiting = [];
    server.answer = (response, body) =>
      void waiting.push({
        token: new URLSearchParams(body).get('token'),
        answer: (sub = 'alice') =>
          json({ active: true, ...claims({ sub }) })(response, '', undefined as never),
      });
  });

  async function answeringAll(calls: Promise<unknown>[]): Promise<void> {
    const timer = setInterval(() => {
      for (const { answer } of waiting.splice(0)) answer();
    }, 10);
    await Promise.all(calls).finally(() => clearInterval(timer));
  }

  test('is not buried in requests: tokens beyond maxRequests wait for their turn', async () => {
    const enter = make({ maxRequests: 2, queueTimeoutMs: 60_000 });
    const calls = ['1', '2', '3'].map((token, n) => enter(token, `192.0.2.${n}`));
    for (const _ of calls) {
      await until('one is asked for', () => waiting.length > 0);
      expect(waiting.length).toBeLessThanOrEqual(2);
      waiting.shift()?.answer();
    }
    expect(await Promise.all(calls)).toHaveLength(3);
    expect(server.requests).toBe(3);
  });

  test('has one address take half of its requests, and lets others in before the rest of that', async () => {
    const enter = make({ maxRequests: 4, queueTimeoutMs: 60_000 });
    const flood = ['1', '2', '3', '4', '5'].map((token) => enter(token));
    await until('two are asked for', () => waiting.length === 2);
    const others = ['alice', 'bob', 'carol'].map((token, n) => enter(token, `198.51.100.${n}`));
    const asked = () => waiting.map(({ token }) => token).join();
    await until('two of the others are asked for', () => asked() === '1,2,alice,bob');
    waiting.shift()?.answer();
    await until('the third one is asked for', () => asked() === '2,alice,bob,carol');
    await answeringAll([...flood, ...others]);
  });

  test('takes the addresses of an IPv6 network of 64 bits for one', async () => {
    const enter = make({ maxRequests: 4, queueTimeoutMs: 0 });
    const calls = [enter('1', '2001:db8::1'), enter('2', '2001:db8::2')];
    expect(await codeOf(enter('3', '2001:db8::3'))).toBe('ERR_RELAY_AUTH_UNAVAILABLE');
    calls.push(enter('4', '2001:db8:0:1::1'));
    await until('three are asked for', () => waiting.length === 3);
    await answeringAll(calls);
  });

  test('has a token wait for queueTimeoutMs at most; its client may come again', async () => {
    const enter = make({ maxRequests: 1, queueTimeoutMs: 50 });
    const first = enter('1');
    const { code, error } = await failure(enter('2', '192.0.2.2'));
    expect([code, error.retryable, error.retryAfterMs]).toEqual(['ERR_RELAY_AUTH_UNAVAILABLE', true, 1_000]);
    await answeringAll([first]);
    server.answer = json({ active: true, ...claims() });
    expect(await enter('2')).toMatchObject({ userId: 'alice' });
  });

  test('has so many tokens wait, which the addresses share', async () => {
    const enter = make({ maxRequests: 2, queueTimeoutMs: 60_000 });
    // One of this address is asked for, and 10 of the 20 places to wait are the most that it may have.
    const flood = Array.from({ length: 11 }, (_, n) => enter(`${n}`));
    expect(await codeOf(enter('beyond'))).toBe('ERR_RELAY_AUTH_UNAVAILABLE');
    const alice = enter('alice', '198.51.100.1');
    await until('she is asked for', () => waiting.some(({ token }) => token === 'alice'));
    await answeringAll([...flood, alice]);
  });

  test.each([1, 20])(
    'lets others in while it answers none of a flood of random tokens, from %i addresses',
    async (addresses) => {
      const enter = make({ maxRequests: 40, queueTimeoutMs: 60_000, timeoutMs: 60_000 });
      const flood: Promise<unknown>[] = [];
      let refused = 0;
      const send = () => {
        const calls = Array.from({ length: 20 }, (_, n) =>
          enter(`${flood.length}.${n}`, `192.0.2.${n % addresses}`),
        );
        flood.push(...calls.map((call) => call.catch(() => refused++)));
      };
      const isTooMuch = () => {
        send();
        return refused > 20;
      };
      await until('the flood is more than the server takes', isTooMuch, { intervalMs: 1 });
      for (const userId of ['alice', 'bob', 'carol']) {
        send();
        const entering = enter(userId, `198.51.100.${userId.length}`);
        const asked = () => waiting.findIndex(({ token }) => token === userId);
        await until(`${userId} is asked for`, () => asked() >= 0);
        waiting.splice(asked(), 1)[0]?.answer(userId);
        expect(await entering).toMatchObject({ userId });
      }
      await answeringAll(flood);
    },
  );
});

test('made-up tokens push no good one out of the cache', async () => {
  server.answer = (response, body) =>
    json({ active: /^token=user-/.test(body), ...claims() })(response, body, undefined as never);
  const enter = make({ maxCachedTokens: 10, cacheTtlMs: 60_000 });
  await enter('user-alice');
  for (let n = 0; n < 30; n += 1) await codeOf(enter(`random-${n}`));
  const { requests } = server;
  await enter('user-alice');
  expect(server.requests).toBe(requests);
});

test.each<[string, Partial<IntrospectionOptions>]>([
  ['tök\u0000en', {}],
  ['line\nbreak', {}],
  ['opaque', { tokenPattern: /^ory_at_/ }],
  ['opaque', { tokenPattern: /^ory_at_/g }],
])('the server is not asked for what can be no token of its: %j', async (token, options) => {
  const enter = make(options);
  for (const _ of [1, 2]) expect(await codeOf(enter(token))).toBe('ERR_RELAY_UNAUTHENTICATED');
  expect(server.requests).toBe(0);
  if (options.tokenPattern) expect(await enter('ory_at_1')).toMatchObject({ userId: 'alice' });
});
