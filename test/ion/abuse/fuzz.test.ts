import { expect, test } from 'vitest';
import { campaign } from '../../fuzz/campaign.js';
import { describeReal } from '../../support/real.js';

const MESSAGES = 60_000;
const LIMIT_MS = 75_000;
const seed = Number(process.env.FUZZ_SEED ?? 4711);

describeReal(['ion'], 'dozens of clients who say right, damaged and wrong things at any time', () => {
  test(`end nobody's session, and leave nothing behind (FUZZ_SEED=${seed})`, {
    timeout: 180_000,
  }, async () => {
    const report = await campaign({ seed, messages: MESSAGES, limitMs: LIMIT_MS });

    expect(report.isSfuAlive, report.sfuLog).toBe(true);
    expect(report.holes).toEqual([]);
    expect(report.ghosts).toEqual([]);
    expect(report.messages).toBeGreaterThan(5_000);
    // They do get through to the SFU: most of what they say there is theirs to say.
    expect(report.sessions).toBeGreaterThan(50);
    const heaps = report.memory.map(({ memory }) => memory.heap);
    const [, early = 0] = heaps;
    expect(heaps.at(-1)).toBeLessThan(early + 50);
  });
});
