import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RelayError } from '../../../../src/index.js';
import {
  type LimitedMessage,
  type RateLimiter,
  rateLimits,
} from '../../../../src/plugins/rate-limits/index.js';
import { ReturnTimes } from '../../../../src/plugins/rate-limits/return-times.js';
import { silentLogger } from '../../../../src/util/logger.js';
import { message, refusal } from './limited-message.js';

const SECOND = 1_000;
const LONGEST_MS = 30_000;
const only = { connection: false, user: false, address: false, room: false } as const;

/** What it is told, or undefined if it passes. */
function told(limiter: RateLimiter, overrides: Partial<LimitedMessage>): number | undefined {
  try {
    limiter.consume(message(overrides));
    return undefined;
  } catch (error) {
    return (error as RelayError).retryAfterMs;
  }
}

/** How many of the times are in each second after the first window. */
function bySecond(times: readonly number[]): number[] {
  const counts: number[] = [];
  for (const time of times) {
    const second = Math.floor((time - SECOND) / SECOND);
    counts[second] = (counts[second] ?? 0) + 1;
  }
  return counts;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('those who come in from one address and are refused', () => {
  test('are told one second after the other, as many as each has points for', () => {
    const limiter = rateLimits({ ...only, arrivals: { points: 2_000, durationMs: SECOND } });
    const times = Array.from({ length: 600 }, () => told(limiter, { method: 'join' })).slice(100);
    const counts = bySecond(times as number[]);
    expect(counts.length).toBeLessThanOrEqual(6);
    for (const count of counts.slice(0, 5)) expect(count).toSatisfy((n: number) => n >= 85 && n <= 115);
  });

  test('are told different times', () => {
    const limiter = rateLimits({ ...only, arrivals: { points: 2_000, durationMs: SECOND } });
    const times = Array.from({ length: 600 }, () => told(limiter, { method: 'join' })).slice(100);
    expect(new Set(times).size).toBeGreaterThan(400);
  });

  test('are in when they do as they are told: each tries twice or so, and it takes as long as it must', () => {
    const CLIENTS = 5_000;
    const limiter = rateLimits();
    const steps = [...Array(CLIENTS)].map(() => ({ at: Math.random() * 200, method: 'connect' }));
    const start = performance.now();
    let attempts = 0;
    let tries = 0;
    for (let at = 0; steps.some(({ method }) => method !== 'in'); at += 10) {
      vi.advanceTimersByTime(start + at - performance.now());
      for (const [n, step] of steps.entries()) {
        if (step.method === 'in' || step.at > at) continue;
        attempts += 1;
        const wait = told(limiter, { method: step.method, connectionId: `${n}` });
        if (wait !== undefined) step.at = at + wait;
        else step.method = step.method === 'connect' ? 'join' : 'in';
        if (wait !== undefined) tries += 1;
      }
    }
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(tries).toBeLessThan(2 * CLIENTS);
    expect(attempts).toBeLessThan(4 * CLIENTS);
  });

  test('wait for nobody of another address', () => {
    const limiter = rateLimits({ ...only, arrivals: { points: 20, durationMs: SECOND } });
    for (let n = 0; n < 20; n += 1) told(limiter, { method: 'join' });
    const other = { method: 'join', remoteAddress: '192.0.2.2' };
    expect(told(limiter, other)).toBeUndefined();
    expect(told(limiter, other)).toBeLessThanOrEqual(1_100);
  });

  test('by a budget of their room are spread as well', () => {
    const limiter = rateLimits({ ...only, room: { points: 20, durationMs: SECOND } });
    told(limiter, { method: 'join' });
    const times = Array.from({ length: 10 }, () => told(limiter, { method: 'join' }) as number);
    expect(bySecond(times)).toEqual(Array(10).fill(1));
  });
});

test('messages of those who are in are spread over a second after the window', () => {
  const limiter = rateLimits({ ...only, address: { points: 10, durationMs: 60_000, costs: { '*': 1 } } });
  const times = Array.from({ length: 500 }, () => told(limiter, {})).slice(10) as number[];
  expect(Math.min(...times)).toBeGreaterThanOrEqual(60_000);
  expect(Math.max(...times)).toBeLessThanOrEqual(61_000);
  expect(new Set(times).size).toBeGreaterThan(100);
});

describe('the queue', () => {
  const size = { points: 10, durationMs: SECOND };

  test('is of a bounded length; beyond it the places are given at random', () => {
    const times = new ReturnTimes(size);
    const given = Array.from({ length: 2_000 }, () => times.queue('a', 1, SECOND));
    const beyond = given.slice(400);
    expect(Math.max(...given)).toBeLessThanOrEqual(SECOND + LONGEST_MS + 100);
    expect(Math.min(...beyond)).toBeLessThan(SECOND + LONGEST_MS / 10);
    expect(Math.max(...beyond)).toBeGreaterThan(SECOND + (LONGEST_MS * 9) / 10);
  });

  test('moves on with the time', () => {
    const times = new ReturnTimes(size);
    for (let n = 0; n < 50; n += 1) times.queue('a', 1, SECOND);
    vi.advanceTimersByTime(4_000);
    expect(times.queue('a', 1, SECOND)).toSatisfy((ms: number) => ms >= 2_000 && ms <= 2_100);
    vi.advanceTimersByTime(60_000);
    expect(times.queue('a', 1, SECOND)).toSatisfy((ms: number) => ms >= SECOND && ms <= 1_100);
  });

  test('is forgotten when it is over, and no timer runs', () => {
    const times = new ReturnTimes(size);
    for (let n = 0; n < 10_000; n += 1) times.queue(`address-${n}`, 1, SECOND);
    expect([times.queueCount, vi.getTimerCount()]).toEqual([10_000, 0]);
    vi.advanceTimersByTime(60_000);
    times.queue('another', 1, SECOND);
    expect(times.queueCount).toBe(1);
  });
});

test('with Redis each place follows what all processes have refused in this window', async () => {
  const answers: [consumed: number, ttlMs: number][] = [
    [40, 500],
    [240, 500],
    [440, 500],
  ];
  const client = { eval: async () => answers.shift(), multi: () => ({}) };
  const arrivals = { points: 20, durationMs: SECOND };
  const limiter = rateLimits({ ...only, arrivals, redis: client, logger: silentLogger });
  await vi.dynamicImportSettled();
  const waits: number[] = [];
  for (let n = 0; n < 3; n += 1)
    waits.push(((await refusal(limiter, { method: 'join' })) as RelayError).retryAfterMs ?? 0);
  expect(waits.map((ms) => Math.floor((ms - 500) / SECOND))).toEqual([0, 10, 20]);
});
