import { expect, test } from 'vitest';
import { move } from '../failover/move.js';
import { describeReal } from '../support/real.js';

/** The long form, with limits of times: `npm run move`. */
describeReal(['ion', 'chromium'], 'a room that moves from one Ion to another', () => {
  test('goes on: nobody notices more than a short pause, and the muted one stays muted', async () => {
    const { accounts, written, ...measured } = await move();
    expect(measured).toMatchObject({ outcome: 'moved', moved: 4, closed: 0, isElsewhere: true });
    expect([measured.mutedFrames, measured.leftBehind]).toEqual([0, 0]);
    const texts = Array.from({ length: written }, (_, n) => `message ${n}`);
    for (const account of accounts) {
      expect(account).toMatchObject({ errors: [], roster: [], unsent: [], chats: texts, states: ['joined'] });
      expect(account.hasSameStreams).toBe(true);
    }
    expect(accounts.slice(1).map(({ voices }) => voices)).toEqual([1, 1]);
    // By how much video and sound may pause, the script checks.
    expect(Math.max(...measured.gapsMs)).toBeLessThan(3_000);
    expect(Math.max(...measured.sounds.map(({ loudest }) => loudest))).toBeLessThan(1.25);
  });

  test('a move that is cancelled half-way leaves the room where it was', async () => {
    const { accounts, written, ...measured } = await move({ isCancelled: true });
    expect(measured).toMatchObject({ outcome: 'ERR_RELAY_ABORTED', isElsewhere: false, leftBehind: 0 });
    expect(measured.mutedFrames).toBe(0);
    const texts = Array.from({ length: written }, (_, n) => `message ${n}`);
    for (const account of accounts) {
      expect(account).toMatchObject({ errors: [], roster: [], unsent: [], chats: texts, states: ['joined'] });
      expect(account.hasSameStreams).toBe(true);
    }
    expect(accounts.slice(1).map(({ voices }) => voices)).toEqual([1, 1]);
    expect(Math.max(...measured.gapsMs)).toBeLessThan(3_000);
    expect(Math.max(...measured.sounds.map(({ loudest }) => loudest))).toBeLessThan(1.25);
  });
});
