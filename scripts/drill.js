#!/usr/bin/env node
/**
 * A rolling deploy under load: two real Ions are drained and replaced one after the other, then three relay processes behind a real
 * HAProxy (test/drill). A publisher and viewers in Chromium are measured step by step, scripted
 * users write numbered messages. Prints what they have noticed; exit code 1 where a limit is exceeded.
 *
 *   npm run drill -- [--short] [--json]
 */
import { parseArgs } from 'node:util';
import { compile, loadTest } from './compile.js';

const { values } = parseArgs({
  options: { short: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
});
const { drill } = await loadTest('drill', 'test/drill/drill.ts');
const { faultsOf, LIMITS } = await loadTest('drill-limits', 'test/drill/limits.ts');

const start = Date.now();
const say = (text) => {
  if (!values.json) console.log(text);
};
const progress = (text) => say(`${String(Math.round((Date.now() - start) / 1000)).padStart(4)} s  ${text}`);

const rows = {};
const showStep = ({ name, tookMs, noticed, ionGapMs, ionReturnsMs, departures, faults }) => {
  rows[name] = {
    'took, s': Math.round(tookMs / 100) / 10,
    'longest gap, ms': Math.max(...noticed.map(({ gapMs }) => gapMs)),
    'silence, ms': Math.max(...noticed.map(({ sound }) => sound?.silenceMs ?? 0)),
    'level of sound': Math.max(...noticed.map(({ sound }) => sound?.loudest ?? 0)),
    'ion-sdk-js publishes again, ms': Math.max(0, ...ionReturnsMs),
    'gap of its viewer, ms': ionGapMs,
    'seen leaving': departures.filter((each) => each.endsWith('left')).length,
  };
  for (const { user, events } of noticed) if (events.length > 0) say(`        ${user}: ${events.join(', ')}`);
  for (const fault of faults) say(`        ${fault}`);
};

const short = { viewers: 1, rooms: 2, hasIonRoom: false, restarts: 1, drains: 1 };
const { folder } = await compile(
  'drill-relay',
  { relay: 'test/cluster/relay.ts' },
  { external: [/^(redis|ioredis|ws|express)$/] },
);
const relayScript = `${folder}relay.mjs`;
const report = await drill({
  relayScript,
  ...(values.short && short),
  onStep: showStep,
  onProgress: progress,
});
const broken = faultsOf(report);
if (values.json) console.log(JSON.stringify({ limits: LIMITS, report, broken }));
else {
  console.table(rows);
  const { written, chat, joinedAgain, resumed, awayMs } = report;
  console.log(
    `${written} messages: ${chat.lost.length} lost, ${chat.doubled.length} doubled, ${chat.reordered.length} out of order`,
  );
  console.log(
    `scripted users have resumed ${resumed} times, and joined again ${joinedAgain} times; away for ${awayMs} ms at most`,
  );
  for (const fault of broken) console.log(`✗ ${fault}`);
  if (broken.length === 0) console.log('No limit is exceeded.');
}
process.exit(broken.length === 0 ? 0 : 1);
