import { expect, test } from 'vitest';
import { failover } from '../failover/failover.js';
import { describeReal } from '../support/real.js';

/** The long form, with limits of times: `npm run failover`. */
describeReal(['ion', 'chromium'], 'twenty rooms on two Ions, of which one is killed', () => {
  test('go on: media comes back, and nothing else has changed', async () => {
    const report = await failover({ fault: 'SIGKILL' });
    expect(report.rooms).toEqual([10, 10]);
    const [publisher, ...viewers] = report.accounts;
    const texts = Array.from({ length: report.written }, (_, n) => `message ${n}`);
    for (const account of report.accounts) {
      expect(account).toMatchObject({ errors: [], roster: [], unsent: [], chats: texts });
      expect(account.states).toEqual(['joined', 'reconnecting-media', 'joined']);
    }
    expect(publisher?.user).toBe('publisher');
    expect(viewers.map(({ hasSameStreams }) => hasSameStreams)).toEqual([true, true]);
    for (const frames of report.framesDecoded) expect(frames).toBeGreaterThan(0);
    expect(report.complaints).toEqual([]);
    // Media on the other node goes on; by how much it may pause, the script checks.
    expect(report.gapMs).toBeLessThan(3_000);
  });
});
