import { beforeEach, describe, expect, test, vi } from 'vitest';
import { OldPeers } from '../../../../src/session/peer/old-peers.js';

/** The session's current track is t9; `forgotten` are the ids whose mutes are dropped. */
function stage() {
  const forgotten: string[] = [];
  const left: number[] = [];
  const moderation = { forget: (trackIds: string[]) => forgotten.push(...trackIds), follow: () => [] };
  const room = { tracksOf: () => [{ trackId: 't9' }], moderation };
  const old = new OldPeers({ id: 'mine', room } as never);
  const replace = (number: number, renamed: Record<string, string> = {}) => {
    const peer = { number, leave: () => {}, end: () => left.push(number) };
    old.add(peer as never, new Map(Object.entries(renamed)));
  };
  return { old, replace, left, forgotten };
}

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

describe('the old peers of a session', () => {
  test('are left 15 s after the last replacement', () => {
    const { replace, left } = stage();
    replace(1);
    vi.advanceTimersByTime(14_000);
    replace(2);
    vi.advanceTimersByTime(14_000);
    expect(left).toEqual([]);
    vi.advanceTimersByTime(1_000);
    expect(left).toEqual([1, 2]);
  });

  test('stay longer while others need them', () => {
    const { old, replace, left } = stage();
    replace(1);
    vi.advanceTimersByTime(14_000);
    old.hold(3_000);
    expect(old.askToLeave(1)).toEqual({ afterMs: 3_000 });
    vi.advanceTimersByTime(2_500);
    expect(left).toEqual([]);
    vi.advanceTimersByTime(500);
    expect(left).toEqual([1]);
  });

  test('are left when their client asks for it and nobody needs them', () => {
    const { old, replace, left } = stage();
    replace(1);
    expect([old.askToLeave(7), old.askToLeave(1), left]).toEqual([{}, {}, [1]]);
  });

  test('have the mutes of their ids dropped when the last one that uses them has ended', () => {
    const { old, replace, forgotten } = stage();
    replace(1, { t1: 't2', t5: 't6' });
    replace(2, { t2: 't9' });
    expect(old.ended(1)).toBe(true);
    expect(forgotten).toEqual(['t1', 't5']);
    expect(old.ended(2)).toBe(true);
    expect([forgotten, old.ended(2)]).toEqual([['t1', 't5', 't2'], false]);
  });
});
