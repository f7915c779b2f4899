import { expect, test } from 'vitest';
import { describeReal } from '../support/real.js';
import { killProcess } from './process-kill.js';

// With 200 sessions, and a minute later: npm run process-kill.
describeReal(['ion', 'redis'], 'kill -9 of one of three relays', () => {
  test('costs its clients a new join: media is back, and nothing of the process is left', async () => {
    const { lost, recoveriesMs, leftovers, keys } = await killProcess({ sessions: 12, leftoversMs: 45_000 });
    expect(lost).toBe(4);
    expect(recoveriesMs.length).toBeGreaterThan(4);
    expect(leftovers).toEqual([]);
    expect(keys.after).toBeLessThanOrEqual(keys.before);
  }, 120_000);
});
