#!/usr/bin/env node
/**
 * Ends one of two real Ions with twenty rooms, and measures how long its rooms are without media, and whether the other rooms
 * notice it (test/failover). Exit code 1 where a limit is exceeded, or somebody has noticed more than a pause.
 *
 *   npm run failover -- [--runs 10] [--signal SIGKILL|SIGSTOP] [--outage] [--outage-seconds 30] [--json]
 *
 * `--outage` kills both, and measures from the time when one of them is back.
 */
import { parseArgs } from 'node:util';
import { loadTest } from './compile.js';
import { median } from './median.js';

/** In ms. */
const LIMITS = {
  SIGKILL: { viewers: 3_000, others: 300 },
  SIGSTOP: { viewers: 5_000, others: 300 },
  outage: { viewers: 3_000, others: Number.POSITIVE_INFINITY },
};

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10' },
    signal: { type: 'string', default: 'SIGKILL' },
    outage: { type: 'boolean', default: false },
    'outage-seconds': { type: 'string', default: '30' },
    json: { type: 'boolean', default: false },
  },
});
const fault = values.outage ? 'outage' : values.signal;
const outageMs = Number(values['outage-seconds']) * 1_000;
const limits = LIMITS[fault];
if (!limits) throw new Error('--signal SIGKILL, or --signal SIGSTOP');

const { failover } = await loadTest('failover', 'test/failover/failover.ts');

/** What somebody has noticed besides a pause. */
function faultsOf({ accounts, complaints, framesDecoded }) {
  const ofPages = accounts.flatMap(({ user, states, errors, roster, unsent, hasSameStreams }) => [
    ...errors,
    ...roster,
    ...unsent,
    ...(states.join() === 'joined,reconnecting-media,joined' ? [] : [`${user}: ${states}`]),
    ...(hasSameStreams ? [] : [`${user}: other streams`]),
  ]);
  return [...ofPages, ...complaints, ...(framesDecoded.every((frames) => frames > 0) ? [] : ['no frames'])];
}

const rows = { viewers: [], scripted: [], others: [] };
const faults = [];
for (let run = 1; run <= Number(values.runs); run += 1) {
  const report = await failover({ fault, outageMs });
  rows.viewers.push(...report.viewersMs);
  rows.scripted.push(...report.scriptedMs);
  rows.others.push(report.gapMs - report.usualGapMs);
  faults.push(...faultsOf(report));
  if (!values.json)
    console.log(`${run}/${values.runs}  ${fault}  ${report.viewersMs.join(' and ')} ms`, faultsOf(report));
}

const table = {
  'viewers in Chromium, ms until the video goes on': { ...summary(rows.viewers), limit: limits.viewers },
  'scripted viewers, ms until both tracks go on': { ...summary(rows.scripted), limit: limits.viewers },
  'rooms on the other node, ms of a gap beyond the usual': { ...summary(rows.others), limit: limits.others },
};
function summary(numbers) {
  return { median: median(numbers), worst: Math.max(...numbers) };
}
if (values.json) console.log(JSON.stringify({ table, faults }));
else {
  console.table(table);
  if (faults.length > 0) console.log(faults);
}
const isInTime = Object.values(table).every(({ worst, limit }) => worst <= limit);
process.exit(isInTime && faults.length === 0 ? 0 : 1);
