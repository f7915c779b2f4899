import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { describe, expect, test } from 'vitest';
import { RelayError } from '../../../../src/index.js';
import {
  DEFAULT_COSTS,
  type RateLimitsOptions,
  rateLimits,
} from '../../../../src/plugins/rate-limits/index.js';

const GUIDE = readFileSync(new URL('../../../../docs/LIMITS.md', import.meta.url), 'utf8');
const second = { points: 100, durationMs: 1_000 };
const redis = { eval: async () => [1, 1_000], multi: () => ({}) };

function complaint(options: object): string {
  try {
    rateLimits(options as RateLimitsOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(RelayError);
    expect(error).toMatchObject({ code: 'ERR_RELAY_CONFIG' });
    return (error as Error).message;
  }
  return '';
}

describe('wrong options are refused, with advice', () => {
  test.each([
    [{ user: { points: 0, durationMs: 1_000 } }, '"user.points" must be a whole number from 1'],
    [{ user: { points: 1.5, durationMs: 1_000 } }, '"user.points" must be a whole number'],
    [{ user: { durationMs: 1_000 } }, '"user.points" must be a whole number'],
    [{ room: { points: 100 } }, '"room.durationMs" must be a whole number from 1'],
    [{ room: { points: 100, durationMs: '1s' } }, '"room.durationMs" must be a whole number'],
    [
      { address: 100 },
      '"address" needs an object: write address: { points: 200, durationMs: 1000 }, or address: false.',
    ],
    [{ connection: true }, '"connection" needs an object'],
    [{ costs: 5 }, '"costs" must be points by method: { join: 20, trickle: 1 }.'],
    [{ costs: { join: -1 } }, '"costs.join" must be a whole number from 0'],
    [{ user: { ...second, costs: { offer: 0.5 } } }, '"user.costs.offer" must be a whole number from 0'],
    [{ user: { ...second, costs: null } }, '"user.costs" must be points by method'],
    [{ timeoutMs: 0 }, '"timeoutMs" must be a whole number from 1'],
    [{ keyPrefix: '' }, '"keyPrefix" must be a text: keyPrefix: "sfu-relay".'],
    [{ redis: 'redis://localhost:6379' }, '"redis" must be a client: redis: new Redis('],
    [{ redis: null }, '"redis" must be a client'],
  ])('%j', (options, advice) => {
    expect(complaint(options)).toContain(advice);
  });

  test('a budget that is too small for a message', () => {
    expect(complaint({ user: { points: 10, durationMs: 1_000 } })).toBe(
      '"user" has 10 points, and "join" costs 20: nobody could ever send one. Write "points" of 20 or more, or "costs" of less.',
    );
    expect(complaint({ user: { points: 10, durationMs: 1_000, costs: { join: 10 } } })).toBe('');
    expect(complaint({ costs: { message: 201 } })).toContain('"connection" has 200 points, and "message"');
    expect(complaint({ costs: { message: 201 }, connection: false })).toBe('');
  });

  test('parts of a second in Redis, but for the connection, whose budget stays in memory', () => {
    expect(complaint({ redis, user: { points: 100, durationMs: 1_500 } })).toBe(
      '"user.durationMs" is 1500, but in Redis it is whole seconds: write 2000.',
    );
    expect(complaint({ user: { points: 100, durationMs: 1_500 } })).toBe('');
    expect(complaint({ redis, connection: { points: 100, durationMs: 1_500 } })).toBe('');
  });
});

test.each([
  ['ioredis', () => rateLimits({ redis: new Redis({ lazyConnect: true }) })],
  ['node-redis', () => rateLimits({ redis: createClient() })],
])('a client of %s fits, by its type as well', (_, start) => {
  expect(start()).toHaveProperty('consume');
});

describe('docs/LIMITS.md', () => {
  test('shows what messages cost', () => {
    const rows = [...GUIDE.matchAll(/^\| ((?:`[a-z*]+`(?:, )?)+) \| (\d+) \|/gm)].flatMap(([, names, cost]) =>
      [...(names ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => [name, Number(cost)]),
    );
    expect(Object.fromEntries(rows)).toEqual(DEFAULT_COSTS);
  });
});
