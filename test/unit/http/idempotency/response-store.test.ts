import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { json, refusal } from '../../../../src/http/exchange.js';
import { resolveIdempotency } from '../../../../src/http/idempotency/options.js';
import { ResponseStore } from '../../../../src/http/idempotency/response-store.js';
import { RelayError } from '../../../../src/index.js';

const DEFAULTS = resolveIdempotency() || expect.fail();

function makeStore(options: Partial<typeof DEFAULTS> = {}) {
  const store = new ResponseStore({ ...DEFAULTS, ...options });
  const add = (id: string, clientId = 'ada') =>
    store.add({ id, clientId, fingerprint: '', tokenHash: undefined });
  const keep = (id: string, clientId = 'ada', body = '') => add(id, clientId).settle(json(200, body));
  const kept = (...ids: string[]) => ids.filter((id) => store.find(id)).join('');
  return { store, add, keep, kept };
}

describe('kept responses', () => {
  test('of one client are bounded in number: the oldest one goes', () => {
    const { keep, kept } = makeStore({ maxResponsesPerClient: 2 });
    keep('x', 'eve');
    for (const id of 'abc') keep(id);
    expect(kept(...'abcx')).toBe('bcx');
  });

  test('of all clients are bounded in number', () => {
    const { keep, kept } = makeStore({ maxResponses: 2 });
    for (const id of 'abc') keep(id, id);
    expect(kept(...'abc')).toBe('bc');
  });

  test('are bounded in bytes, of one client and of all', () => {
    const { keep, kept } = makeStore({ maxBytesPerClient: 3_000, maxBytes: 5_100 });
    const long = 'x'.repeat(1_000);
    for (const id of 'ab') keep(id, 'ada', long);
    expect(kept(...'ab')).toBe('b');
    for (const id of 'cd') keep(id, id, long);
    expect(kept(...'bcd')).toBe('bcd');
    keep('e', 'e', long);
    expect(kept(...'bcde')).toBe('cde');
    // One that is too long by itself is not kept, and takes no other client's along.
    keep('f', 'f', 'x'.repeat(3_000));
    expect(kept(...'cdef')).toBe('cde');
  });

  test('that are pending do not go: further requests are refused', () => {
    const { add, keep, kept } = makeStore({ maxResponsesPerClient: 2, maxResponses: 3 });
    keep('a');
    const first = add('b');
    add('c');
    expect(kept(...'abc')).toBe('bc');
    expect(() => add('d')).toThrow(expect.objectContaining({ code: 'ERR_RELAY_TOO_MANY' }));
    add('e', 'eve');
    expect(() => add('f', 'f')).toThrow(expect.objectContaining({ code: 'ERR_RELAY_TOO_MANY' }));
    first.settle(json(200, ''));
    add('g');
    expect(kept(...'bcdefg')).toBe('ceg');
  });

  test('leave no account behind', () => {
    const { store, add, keep, kept } = makeStore({ maxResponsesPerClient: 1, maxResponses: 1 });
    for (let n = 0; n < 10; n += 1) {
      const pending = add('a');
      pending.forget();
      pending.forget();
      // It was forgotten while it was pending.
      pending.settle(json(200, ''));
      expect(kept('a')).toBe('');
      keep('a');
      store.find('a')?.forget();
    }
    add('a');
    expect(kept('a')).toBe('a');
  });

  test.each([
    ['a server error', refusal(new RelayError('ERR_RELAY_INTERNAL', 'No.'))],
    ['one that may be repeated', refusal(new RelayError('ERR_RELAY_ROOM_LOCKED', 'No.'))],
    ['an abort', refusal(new RelayError('ERR_RELAY_ABORTED', 'No.'))],
  ])('are none of %s, which only those get who wait for it', async (_, response) => {
    const { add, kept } = makeStore();
    const pending = add('a');
    const waiting = pending.response;
    pending.settle(response);
    expect(await waiting).toMatchObject({ status: response.status, body: response.body });
    expect(kept('a')).toBe('');
  });
});

describe('after retentionMs', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('a response goes, counted from when it was sent', () => {
    const { add, keep, kept } = makeStore({ retentionMs: 1_000 });
    const pending = add('a');
    vi.advanceTimersByTime(5_000);
    keep('b');
    vi.advanceTimersByTime(600);
    pending.settle(json(200, ''));
    expect(kept(...'ab')).toBe('ab');
    vi.advanceTimersByTime(600);
    expect(kept(...'ab')).toBe('a');
    vi.advanceTimersByTime(600);
    expect(kept(...'ab')).toBe('');
    expect(vi.getTimerCount()).toBe(0);
  });
});
