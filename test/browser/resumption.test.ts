import { expect, test } from 'vitest';
import { connectionLoss } from '../connection-loss/connection-loss.js';
import { describeReal } from '../support/real.js';

/** The long form, with limits of times: `npm run connection-loss`. */
describeReal(
  ['ion', 'chromium', 'firefox'],
  'a publisher and a viewer whose connections to the relay break',
  () => {
    test.each(['chromium', 'firefox'] as const)(
      'resume their sessions in %s: media goes on, nobody leaves, each message comes once',
      { timeout: 90_000 },
      async (browser) => {
        const report = await connectionLoss({ browser, cutMs: 1_500 });
        const texts = Array.from({ length: report.written }, (_, n) => `message ${n}`);
        for (const account of report.accounts)
          expect(account).toMatchObject({
            states: ['joined'],
            errors: [],
            roster: [],
            unsent: [],
            chats: texts,
            hasSameStreams: true,
          });
        for (const [before, after] of report.sessionIds) expect(after).toBe(before);
        expect(report.mediaMs).toBe(0);
        expect(report.sessions).toBe(3);
      },
    );

    test('join again in their places if they are away for too long', { timeout: 90_000 }, async () => {
      const report = await connectionLoss({ browser: 'chromium', cutMs: 4_000, graceMs: 1_500 });
      const [, , witness] = report.accounts;
      expect(report.sessions).toBe(3);
      expect(witness).toMatchObject({ states: ['joined'], errors: [] });
      expect(witness?.roster.toSorted()).toEqual([
        'publisher joined',
        'publisher left',
        'viewer joined',
        'viewer left',
      ]);
    });
  },
);
