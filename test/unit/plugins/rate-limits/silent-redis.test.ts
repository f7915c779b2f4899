import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type RateLimitsOptions, rateLimits } from '../../../../src/plugins/rate-limits/index.js';
import { silentLogger } from '../../../../src/util/logger.js';
import { refusal } from './limited-message.js';

/** A client of node-redis's shape whose server takes commands, and answers when the test says so. */
function silentRedis() {
  const commands: ((answer: [consumed: number, ttlMs: number]) => void)[] = [];
  return {
    commands,
    client: {
      eval: () => new Promise((resolve) => commands.push(resolve)),
      multi: () => ({}),
    },
  };
}

const options = {
  connection: false,
  address: false,
  user: { points: 2, durationMs: 60_000, costs: { '*': 1 } },
} as const;

/** One that has loaded what it speaks with Redis by: with fake timers that takes no time. */
async function openLimiter(options: RateLimitsOptions) {
  const limiter = rateLimits(options);
  await vi.dynamicImportSettled();
  return limiter;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a Redis that does not answer is waited for once, until the deadline; then memory decides at once', async () => {
  const { client, commands } = silentRedis();
  const limiter = await openLimiter({ ...options, redis: client, timeoutMs: 300 });
  const settled = vi.fn();
  const first = refusal(limiter).then(settled);
  await vi.advanceTimersByTimeAsync(299);
  expect(settled).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  await first;
  expect(settled).toHaveBeenCalledWith(undefined);

  expect(await refusal(limiter)).toBeUndefined();
  expect(await refusal(limiter)).toMatchObject({ code: 'ERR_RELAY_TOO_MANY', retryAfterMs: 60_000 });
  expect(commands).toHaveLength(1);
});

test('it is tried again each second by one message, which does not wait for it', async () => {
  const { client, commands } = silentRedis();
  const limiter = await openLimiter({ ...options, redis: client });
  const first = refusal(limiter);
  await vi.advanceTimersByTimeAsync(200);
  await first;
  for (let second = 1; second <= 5; second += 1) {
    await vi.advanceTimersByTimeAsync(1_000);
    await Promise.all(Array.from({ length: 20 }, () => refusal(limiter)));
    expect(commands).toHaveLength(1 + second);
  }
});

test('when it answers a try in time it decides again, for all budgets; the log hears of both', async () => {
  const { client, commands } = silentRedis();
  const logger = { ...silentLogger, warn: vi.fn(), info: vi.fn() };
  const room = { points: 2, durationMs: 60_000, costs: { '*': 1 } };
  const limiter = await openLimiter({ ...options, room, redis: client, logger });
  const first = refusal(limiter);
  await vi.advanceTimersByTimeAsync(200);
  await first;
  expect(logger.warn).toHaveBeenCalledExactlyOnceWith(
    { err: expect.objectContaining({ message: 'Redis has not answered within 200 ms.' }) },
    'Redis does not answer: rate limits hold for each process by itself',
  );

  // Too late is no answer.
  commands[0]?.([1, 60_000]);
  expect(await refusal(limiter, { userId: 'bob' })).toBeUndefined();
  expect(commands).toHaveLength(1);

  await vi.advanceTimersByTimeAsync(1_000);
  expect(await refusal(limiter, { userId: 'carol', roomId: 'attic' })).toBeUndefined();
  commands[1]?.([1, 60_000]);
  await vi.advanceTimersByTimeAsync(0);
  expect(logger.info).toHaveBeenCalledExactlyOnceWith(
    {},
    'Redis answers again: rate limits hold for all processes',
  );
  const next = refusal(limiter, { userId: 'dave' });
  commands[2]?.([3, 5_000]);
  expect(await next).toMatchObject({ code: 'ERR_RELAY_TOO_MANY', retryAfterMs: 5_000 });
  expect(logger.warn).toHaveBeenCalledOnce();
});

test('a Redis that refuses its commands is not asked for a second either', async () => {
  const client = { eval: vi.fn(async () => Promise.reject(new Error('OOM'))), multi: () => ({}) };
  const limiter = await openLimiter({ ...options, redis: client });
  expect(await refusal(limiter)).toBeUndefined();
  expect(await refusal(limiter)).toBeUndefined();
  expect(await refusal(limiter)).toMatchObject({ code: 'ERR_RELAY_TOO_MANY' });
  expect(client.eval).toHaveBeenCalledOnce();
});

test('a message that is free, or refused by its connection, does not trouble Redis; nor does it wait', () => {
  const { client, commands } = silentRedis();
  const connection = { points: 1, durationMs: 60_000, costs: { '*': 1 } };
  const user = { points: 10, durationMs: 60_000, costs: { '*': 0, join: 1 } };
  const limiter = rateLimits({ connection, address: false, user, redis: client });
  const sent = { connectionId: '1', remoteAddress: undefined, userId: 'alice', roomId: undefined };
  expect(limiter.consume({ ...sent, method: 'trickle' })).toBeUndefined();
  expect(() => limiter.consume({ ...sent, method: 'join' })).toThrow('on this connection');
  expect(commands).toHaveLength(0);
});
