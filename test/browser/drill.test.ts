import { expect, test } from 'vitest';
import { compile } from '../../scripts/compile.js';
import { drill, type StepReport } from '../drill/drill.js';
import { describeReal } from '../support/real.js';

/** The long form, with limits of times: `npm run drill`. */
describeReal(['ion', 'chromium', 'redis', 'haproxy'], 'a rolling deploy', () => {
  test('of an SFU node is not noticed; that of a relay costs a pause, and no message', async () => {
    const { folder } = await compile(
      'drill-relay',
      { relay: 'test/cluster/relay.ts' },
      { external: [/^(redis|ioredis|ws|express)$/] },
    );
    const relayScript = `${folder}relay.mjs`;
    const size = { viewers: 1, rooms: 2, hasIonRoom: false, restarts: 1, drains: 1 };
    const { steps, written, chat, faults, joinedAgain } = await drill({ relayScript, ...size });
    expect(steps.map(({ kind }) => kind)).toEqual(['usual', 'drain', 'restart']);
    expect(steps.flatMap((step) => step.faults)).toEqual([]);
    const [, drained, restarted] = steps as [StepReport, StepReport, StepReport];
    expect(drained.departures).toEqual([]);
    expect(drained.noticed.flatMap(({ events }) => events)).toEqual([]);
    // By how much video and sound may pause, the script checks.
    for (const { noticed } of [drained, restarted])
      expect(Math.max(...noticed.map(({ gapMs }) => gapMs))).toBeLessThan(5_000);
    expect(joinedAgain).toBeLessThanOrEqual(6);
    expect(written).toBeGreaterThan(50);
    expect({ ...chat, faults }).toEqual({ lost: [], doubled: [], reordered: [], faults: [] });
  });
});
