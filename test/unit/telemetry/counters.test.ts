import { describe, expect, expectTypeOf, test } from 'vitest';
import { ERRORS, RelayError } from '../../../src/protocol/errors.js';
import type {
  ClientNotifications,
  ClientRequests,
  RelayNotifications,
} from '../../../src/protocol/messages.js';
import { CounterSet, Distribution, Outcomes } from '../../../src/telemetry/instruments.js';
import {
  type ReceivedMessage,
  RelayCounters,
  type SentMessage,
} from '../../../src/telemetry/relay-counters.js';
import { counted } from '../../support/counted.js';

describe('counters', () => {
  test('know every message of the wire', () => {
    type Sent = 'result' | 'error' | 'repeated' | keyof RelayNotifications;
    expectTypeOf<SentMessage>().toEqualTypeOf<Sent>();
    type Received = 'invalid' | 'other' | keyof ClientRequests | keyof ClientNotifications;
    expectTypeOf<ReceivedMessage>().toEqualTypeOf<Received>();
  });

  test('are 0 at first, by every name that they may have', () => {
    const { joins, refused, roomMessages } = new RelayCounters(['chat', 'poll']);
    expect([...roomMessages]).toEqual([
      ['chat', 0],
      ['poll', 0],
    ]);
    expect([...refused]).toHaveLength(Object.keys(ERRORS).length);
    expect([...joins]).toHaveLength(Object.keys(ERRORS).length + 1);
    expect(counted(joins)).toEqual({});
  });

  test('get no names beyond those', () => {
    const set = new CounterSet(['ping', 'other'], 'other');
    for (const name of ['ping', 'pong', '__proto__', 'constructor']) set.add(name);
    expect([...set]).toEqual([
      ['ping', 1],
      ['other', 3],
    ]);
    const closed = new CounterSet(['ping']);
    closed.add('pong');
    expect([...closed]).toEqual([['ping', 0]]);
  });

  test('count codes of an application as what they are to the client, and other errors as internal ones', () => {
    const outcomes = new Outcomes([1]);
    outcomes.succeeded(performance.now());
    outcomes.failed(new RelayError('ERR_RELAY_FORBIDDEN', 'No.'), performance.now());
    outcomes.failed(new Error('a fault'), performance.now());
    outcomes.failed(new RelayError('ERR_NO_COINS', 'No.'), performance.now());
    expect(counted(outcomes)).toEqual({ ok: 1, ERR_RELAY_FORBIDDEN: 2, ERR_RELAY_INTERNAL: 1 });
    expect([...outcomes.durations.keys()]).toEqual(['ok', 'ERR_RELAY_FORBIDDEN', 'ERR_RELAY_INTERNAL']);
  });

  test('hold durations by upper bounds, each with all below it', () => {
    const distribution = new Distribution([0.1, 1]);
    for (const milliseconds of [0, 100, 101, 1_000, 60_000]) distribution.add(milliseconds);
    expect([...distribution]).toEqual([
      [0.1, 2],
      [1, 4],
      [Number.POSITIVE_INFINITY, 5],
    ]);
    expect(distribution.count).toBe(5);
    expect(distribution.sum).toBeCloseTo(61.201, 9);
  });

  test('time what succeeds, and nothing else', async () => {
    const distribution = new Distribution([1]);
    const failing = Promise.reject(new Error('no'));
    await expect(distribution.time(failing)).rejects.toThrow('no');
    expect(await distribution.time(Promise.resolve('yes'))).toBe('yes');
    expect(distribution.count).toBe(1);
  });
});
