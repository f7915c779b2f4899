import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { frameCounts, isCounted } from '../../../../src/client/connection/frame-counts.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function counting() {
  const acks: number[] = [];
  return { acks, counts: frameCounts((received) => acks.push(received)) };
}
const times = (count: number, act: () => void) => {
  for (let n = 0; n < count; n += 1) act();
};

describe('what counts', () => {
  test.each([
    [{ method: 'message', id: 3 }],
    [{ method: 'trickle' }],
    [{ id: 3, result: {} }],
    [{ id: null, error: { data: { code: 'ERR_RELAY_INVALID_SDP' } } }],
    [{ id: 3, error: null }],
    [{}],
  ])('%j does', (message) => {
    expect(isCounted(message)).toBe(true);
  });

  test.each([
    [{ method: 'ack' }],
    [{ method: 'ping', id: -1 }],
    [{ method: 'resume', id: -1 }],
    [{ method: 'goaway' }],
    [{ id: -1, result: {} }],
    [{ id: -1, error: {} }],
    [{ id: null, error: { data: { closeCode: 4403 } } }],
  ])('%j does not', (message) => {
    expect(isCounted(message)).toBe(false);
  });
});

describe('a frame that was sent', () => {
  test('is kept until the relay has received it', () => {
    const { counts } = counting();
    for (const frame of ['a', 'b', 'c']) counts.keep(frame);
    expect([counts.sent, counts.kept]).toEqual([3, ['a', 'b', 'c']]);
    counts.release(2);
    expect(counts.kept).toEqual(['c']);
    // Nothing new, more than was sent, no number.
    for (const count of [1, 4, Number.NaN]) counts.release(count);
    expect(counts.kept).toEqual(['c']);
    counts.release(3);
    expect(counts.kept).toEqual([]);
  });

  test.each([
    ['512 frames', 512, 'x'],
    ['256 KiB', 4, 'x'.repeat(65_536)],
  ])(
    'is kept up to %s of them; then nothing can be resumed until the relay has received them',
    (_, most, frame) => {
      const { counts } = counting();
      times(most, () => counts.keep(frame));
      // The last one may be the longest that the relay accepts, or too long for it.
      if (most < 512) counts.keep('x'.repeat(300_000));
      expect(counts.kept?.length).toBe(counts.sent);
      counts.keep('one more');
      expect(counts.kept).toBeUndefined();
      counts.keep('another');
      counts.release(counts.sent - 2);
      expect(counts.kept).toEqual(['one more', 'another']);
    },
  );
});

describe('received frames', () => {
  test('are acknowledged once the session can be resumed: at once, then 32 at a time', () => {
    const { counts, acks } = counting();
    times(40, () => counts.receive(100));
    expect(acks).toEqual([]);
    counts.acknowledge();
    times(31, () => counts.receive(100));
    expect(acks).toEqual([40]);
    times(33, () => counts.receive(100));
    expect(acks).toEqual([40, 72, 104]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('or as soon as they are longer than 64 KiB', () => {
    const { counts, acks } = counting();
    counts.acknowledge();
    counts.receive(60 * 1024);
    counts.receive(4 * 1024);
    expect(acks).toEqual([0]);
    counts.receive(1);
    counts.receive(60 * 1024);
    expect(acks).toEqual([0, 3]);
    counts.resume({ received: 0, sent: 4 });
    counts.receive(5 * 1024);
    expect(acks).toEqual([0, 3]);
  });

  test('or 5 s after the first one', () => {
    const { counts, acks } = counting();
    counts.acknowledge();
    counts.receive(100);
    vi.advanceTimersByTime(4_000);
    counts.receive(100);
    vi.advanceTimersByTime(1_000);
    expect(acks).toEqual([0, 2]);
    vi.advanceTimersByTime(60_000);
    expect(acks).toHaveLength(2);
  });

  test('are not acknowledged any more after the end of the session, but counted', () => {
    const { counts, acks } = counting();
    counts.acknowledge();
    counts.receive(100);
    counts.stop();
    times(40, () => counts.receive(100));
    expect([counts.received, acks, vi.getTimerCount()]).toEqual([41, [0], 0]);
    counts.acknowledge();
    expect(acks).toEqual([0, 41]);
  });
});

describe('on another connection', () => {
  test('the counts go on; the relay knows already what was received', () => {
    const { counts, acks } = counting();
    counts.acknowledge();
    times(3, () => counts.receive(100));
    for (const frame of ['a', 'b', 'c']) counts.keep(frame);
    counts.resume({ received: 1, sent: 7 });
    expect([counts.kept, counts.sent, counts.received]).toEqual([['b', 'c'], 3, 7]);
    vi.advanceTimersByTime(60_000);
    expect(acks).toEqual([0]);
    times(32, () => counts.receive(100));
    expect(acks).toEqual([0, 39]);
  });

  test.each([
    [{ received: 2, sent: 3 }, true],
    [{ received: 3, sent: 9 }, true],
    // It has lost what it had received, has received more than was sent, or has lost what it had sent.
    [{ received: 1, sent: 3 }, false],
    [{ received: 4, sent: 3 }, false],
    [{ received: 2, sent: 2 }, false],
  ])('%j can be the counts of the relay: %s', (relay, isPossible) => {
    const { counts } = counting();
    times(3, () => counts.receive(100));
    for (const frame of ['a', 'b', 'c']) counts.keep(frame);
    counts.release(2);
    expect(counts.agree(relay)).toBe(isPossible);
  });
});
