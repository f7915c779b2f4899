#!/usr/bin/env node
/**
 * Cuts the connections of a publisher and a viewer to the relay, in real browsers on the real Ion, and measures when they have their
 * sessions again, and what happens to the video meanwhile (test/connection-loss). Exit code 1 where a limit is exceeded, or somebody
 * has noticed more than an interruption.
 *
 *   npm run connection-loss -- [--browsers chromium,firefox] [--seconds 1,5,25] [--runs 3] [--json]
 *
 * Further runs cut longer than the relay waits.
 */
import { parseArgs } from 'node:util';
import { loadTest } from './compile.js';
import { median } from './median.js';

/** In ms: from the return of the network until a session is there again; beyond the usual gap; until the video is there after the grace. */
const LIMITS = { back: 1_000, gap: 300, media: 3_000 };
/** The relay waits so many ms for clients that stay away for longer. */
const GRACE_MS = 2_000;
const AWAY_MS = 6_000;

const { values } = parseArgs({
  options: {
    browsers: { type: 'string', default: 'chromium,firefox' },
    seconds: { type: 'string', default: '1,5,25' },
    runs: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const { connectionLoss } = await loadTest('connection-loss', 'test/connection-loss/connection-loss.ts');

/** What somebody has noticed besides an interruption. */
function faultsOf({ accounts, written, sessions, sessionIds }, isResumed) {
  const texts = Array.from({ length: written }, (_, n) => `message ${n}`).join();
  const faults = accounts.flatMap(({ user, errors, roster, unsent, chats }) => [
    ...errors.map((error) => `${user}: ${error}`),
    ...(isResumed ? roster.map((change) => `${user}: ${change}`) : []),
    ...unsent.map((text) => `${user}: ${text}`),
    ...(chats.join() === texts || !isResumed ? [] : [`${user}: other messages`]),
  ]);
  if (sessions !== accounts.length) faults.push(`${sessions} sessions`);
  if (isResumed)
    for (const [before, after] of sessionIds) if (before !== after) faults.push('another session');
  return faults;
}

const rows = {};
const faults = [];
let isInTime = true;
for (const browser of values.browsers.split(',')) {
  const cuts = values.seconds.split(',').map((seconds) => ({ cutMs: Number(seconds) * 1_000 }));
  for (const { cutMs, graceMs } of [...cuts, { cutMs: AWAY_MS, graceMs: GRACE_MS }]) {
    const reports = [];
    const name = `${browser}, ${cutMs / 1_000} s${graceMs ? ', beyond the grace' : ''}`;
    for (let run = 1; run <= Number(values.runs); run += 1) {
      const report = await connectionLoss({ browser, cutMs, ...(graceMs && { graceMs }) });
      reports.push(report);
      const noticed = faultsOf(report, !graceMs);
      faults.push(...noticed);
      if (!values.json)
        console.log(`${run}/${values.runs}  ${name}: back after ${report.backMs} ms`, noticed);
    }
    const back = reports.flatMap(({ backMs }) => backMs);
    const gaps = reports.map(({ gapMs, usualGapMs }) => gapMs - usualGapMs);
    const media = reports.map(({ mediaMs }) => mediaMs);
    rows[name] = {
      'back, median ms': median(back),
      'back, worst ms': Math.max(...back),
      ...(graceMs
        ? { 'video again, worst ms': Math.max(...media) }
        : { 'gap beyond the usual, worst ms': Math.max(...gaps) }),
    };
    isInTime &&= graceMs
      ? Math.max(...media) <= LIMITS.media
      : median(back) <= LIMITS.back && Math.max(...gaps) <= LIMITS.gap;
  }
}
if (values.json) console.log(JSON.stringify({ rows, faults }));
else {
  console.table(rows);
  if (faults.length > 0) console.log(faults);
}
process.exit(isInTime && faults.length === 0 ? 0 : 1);
