import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RelayError } from '../../../../src/index.js';
import {
  type LimitedMessage,
  type RateLimiter,
  rateLimits,
} from '../../../../src/plugins/rate-limits/index.js';
import { MemoryWindow } from '../../../../src/plugins/rate-limits/memory-window.js';
import { message } from './limited-message.js';

const budget = { points: 3, durationMs: 1_000, costs: { '*': 1 } };
const none = { connection: false, user: false, arrivals: false, address: false, room: false } as const;

/** How many of 10 messages pass, one after the other. */
function passing(limiter: RateLimiter, overrides: Partial<LimitedMessage> = {}): number {
  return Array.from({ length: 10 }).filter(() => !refused(limiter, overrides)).length;
}

function refused(limiter: RateLimiter, overrides: Partial<LimitedMessage> = {}): unknown {
  try {
    expect(limiter.consume(message(overrides))).toBeUndefined();
    return undefined;
  } catch (error) {
    return error;
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe.each([
  ['connection', 'connectionId', 'messages on this connection'],
  ['user', 'userId', 'messages of this user'],
  ['arrivals', 'remoteAddress', 'arrivals from this address'],
  ['address', 'remoteAddress', 'messages from this address'],
  ['room', 'roomId', 'messages in this room'],
] as const)('the budget of a %s', (name, member, phrase) => {
  const start = () => rateLimits({ ...none, [name]: budget });

  test('lets as many points pass as it has, and refuses the next with the time to wait', () => {
    const limiter = start();
    expect([refused(limiter), refused(limiter), refused(limiter)]).toEqual([undefined, undefined, undefined]);
    vi.advanceTimersByTime(400);
    const error = refused(limiter);
    expect(error).toBeInstanceOf(RelayError);
    expect(error).toMatchObject({
      code: 'ERR_RELAY_TOO_MANY',
      message: `Too many ${phrase}: try again in a moment.`,
      retryAfterMs: expect.any(Number),
    });
    const { retryAfterMs } = error as RelayError;
    if (name === 'connection' || name === 'user') expect(retryAfterMs).toBe(600);
    else expect(retryAfterMs).toSatisfy((ms: number) => ms >= 600 && ms <= 1_600);
  });

  test('is full again when the time is over, and not before', () => {
    const limiter = start();
    expect(passing(limiter)).toBe(3);
    vi.advanceTimersByTime(999);
    expect(passing(limiter)).toBe(0);
    vi.advanceTimersByTime(1);
    expect(passing(limiter)).toBe(3);
  });

  test('is one for all who share it, and another for the others', () => {
    const limiter = start();
    const same = {
      connectionId: '2',
      userId: 'bob',
      remoteAddress: '192.0.2.2',
      roomId: 'attic',
      [member]: message()[member],
    };
    expect(passing(limiter)).toBe(3);
    expect(passing(limiter, same)).toBe(0);
    expect(passing(limiter, { [member]: '192.0.2.3' })).toBe(3);
  });

  // A connection always is.
  if (name !== 'connection')
    test('is not asked where nothing is known of it', () => {
      expect(passing(start(), { [member]: undefined })).toBe(10);
    });
});

describe('several budgets', () => {
  test('hold together: the smallest decides', () => {
    const limiter = rateLimits({ ...none, connection: { ...budget, points: 20 }, room: budget });
    expect(passing(limiter)).toBe(3);
    expect(refused(limiter)).toMatchObject({ message: expect.stringContaining('in this room') });
  });

  test("a flood ends at the client's own budget, and leaves the room's to the others", () => {
    const limiter = rateLimits({ ...none, connection: budget, room: { ...budget, points: 6 } });
    expect(passing(limiter)).toBe(3);
    expect(passing(limiter, { connectionId: 'connection-2', userId: 'bob' })).toBe(3);
  });

  test.each([
    [['connection', 'user', 'address', 'room'], 'on this connection'],
    [['user', 'address', 'room'], 'of this user'],
    [['address', 'room'], 'from this address'],
  ])('of %s, the first names itself', (names, phrase) => {
    const limiter = rateLimits({ ...none, ...Object.fromEntries(names.map((name) => [name, budget])) });
    expect(passing(limiter)).toBe(3);
    expect(refused(limiter)).toMatchObject({ message: expect.stringContaining(phrase) });
  });

  test('by default: 200 points a second for a connection, 175,000 in 5 s for an address', () => {
    const limiter = rateLimits();
    const spend = (count: number, connectionId: string) =>
      Array.from({ length: count }).filter(() => !refused(limiter, { connectionId })).length;
    expect(spend(300, 'connection-0')).toBe(200);
    for (let i = 1; i < 875; i += 1) expect(spend(200, `connection-${i}`)).toBe(200);
    expect(refused(limiter, { connectionId: 'connection-875' })).toMatchObject({
      message: expect.stringContaining('messages from this address'),
    });
    vi.advanceTimersByTime(5_000);
    expect(refused(limiter)).toBeUndefined();
  });

  test('by default: 600 clients a second come in from one address, and those who are in go on', () => {
    const limiter = rateLimits();
    const comesIn = (_: unknown, n: number) => {
      const client = { connectionId: `connection-${n}`, roomId: undefined };
      return ['connect', 'join'].every((method) => !refused(limiter, { ...client, method }));
    };
    expect(Array.from({ length: 1_000 }, comesIn).filter(Boolean)).toHaveLength(600);
    expect(refused(limiter, { method: 'connect' })).toMatchObject({
      message: 'Too many arrivals from this address: try again in a moment.',
    });
    expect(refused(limiter, { method: 'connect', remoteAddress: '192.0.2.2' })).toBeUndefined();
    for (let n = 0; n < 600; n += 1) expect(passing(limiter, { connectionId: `connection-${n}` })).toBe(10);
  });

  test('of arrivals are none by default where the budget of an address is given', () => {
    const limiter = rateLimits({ connection: false, address: { points: 500_000, durationMs: 1_000 } });
    for (let n = 0; n < 1_000; n += 1) expect(refused(limiter, { method: 'join' })).toBeUndefined();
  });
});

describe('what a message costs', () => {
  const passingOf = (limiter: RateLimiter, method: string) => passing(limiter, { method });

  test('is said by its method', () => {
    const start = () => rateLimits({ ...none, connection: { points: 20, durationMs: 1_000 } });
    expect(passingOf(start(), 'join')).toBe(1);
    expect(passingOf(start(), 'offer')).toBe(2);
    expect(passingOf(start(), 'connect')).toBe(4);
    expect(passingOf(start(), 'trickle')).toBe(10);
  });

  test('is said by the options, for all budgets', () => {
    const start = () =>
      rateLimits({
        ...none,
        connection: { points: 20, durationMs: 1_000 },
        costs: { offer: 7, like: 5, trickle: 0 },
      });
    expect(passingOf(start(), 'offer')).toBe(2);
    expect(passingOf(start(), 'like')).toBe(4);
    expect(passingOf(start(), 'join')).toBe(1);
    const limiter = start();
    for (let round = 0; round < 5; round += 1) expect(passingOf(limiter, 'trickle')).toBe(10);
  });

  test('is said by one budget, for itself', () => {
    const limiter = rateLimits({
      ...none,
      connection: { points: 1_000, durationMs: 1_000 },
      user: { points: 2, durationMs: 60_000, costs: { '*': 0, join: 1 } },
    });
    expect(passingOf(limiter, 'offer')).toBe(10);
    expect(passingOf(limiter, 'join')).toBe(2);
    expect(refused(limiter, { method: 'join' })).toMatchObject({ retryAfterMs: 60_000 });
  });

  test('of arrivals is that of all budgets for who comes in, and otherwise nothing', () => {
    const start = (options: object) =>
      rateLimits({ ...none, arrivals: { points: 20, durationMs: 1_000 }, ...options });
    for (const method of ['trickle', 'offer', 'authenticate', 'rejoin'])
      expect(passingOf(start({}), method)).toBe(10);
    expect(passingOf(start({}), 'connect')).toBe(4);
    for (const method of ['attach', 'resume']) expect(passingOf(start({}), method)).toBe(2);
    expect(passingOf(start({ costs: { join: 5 } }), 'join')).toBe(4);
    expect(passingOf(start({ costs: { '*': 0, message: 1 } }), 'join')).toBe(10);
    expect(passingOf(start({ costs: { '*': 10 } }), 'join')).toBe(2);
  });

  test('with "*" is that of each method which is not named beside it', () => {
    const limiter = rateLimits({ ...none, connection: { points: 4, durationMs: 1_000, costs: { '*': 2 } } });
    expect(passingOf(limiter, 'join')).toBe(2);
  });

  test('is that of any other for methods that nobody knows, whatever they are called', () => {
    for (const method of ['__proto__', 'constructor', 'toString', '', 'x'.repeat(1_000)])
      expect(passingOf(rateLimits({ ...none, connection: budget }), method)).toBe(3);
  });

  test('in part is not left over: a message that is refused takes what there is', () => {
    const limiter = rateLimits({ ...none, connection: { points: 25, durationMs: 1_000 } });
    expect(passingOf(limiter, 'join')).toBe(1);
    expect(passingOf(limiter, 'trickle')).toBe(0);
  });
});

describe('what is kept', () => {
  test('is nothing of a key that was of no use for a window, and no timer runs', () => {
    const window = new MemoryWindow(budget);
    for (let i = 0; i < 100_000; i += 1) window.take(`connection-${i}`, 1);
    expect(window.keyCount).toBe(100_000);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(1_000);
    window.take('connection-1', 1);
    vi.advanceTimersByTime(1_000);
    window.take('connection-2', 1);
    expect(window.keyCount).toBe(2);
  });

  test('does not hang on the wall clock', () => {
    const limiter = rateLimits({ ...none, connection: budget });
    expect(passing(limiter)).toBe(3);
    vi.setSystemTime(Date.now() - 3_600_000);
    vi.advanceTimersByTime(1_000);
    expect(passing(limiter)).toBe(3);
  });
});
