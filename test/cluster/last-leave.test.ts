import { expect, test } from 'vitest';
import { describeReal } from '../support/real.js';
import { lastLeaves } from './last-leave.js';

// 1,000 rounds: npm run last-leave.
describeReal(['ion', 'redis'], 'the last leave by one process, and the next join by another', () => {
  test('never split the room: who comes then is received by the next one, and nothing is left', async () => {
    const { faults, first, left } = await lastLeaves({ rounds: 24, rooms: 6 });
    expect(faults).toEqual([]);
    expect(first.join + first.leave).toBe(24);
    expect(left).toEqual([]);
  }, 90_000);
});
