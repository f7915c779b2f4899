#!/usr/bin/env node
/**
 * Moves a room from one real Ion to another, and measures how long its viewers in Chromium are without a frame, compared with a time
 * without a move (test/failover/move.ts), and what they hear of a chord meanwhile: audio may neither pause nor double. Exit code 1
 * where a limit is exceeded, or somebody has noticed more than a pause.
 *
 *   npm run move -- [--runs 5] [--cancel] [--json]
 *
 * --cancel: each move is cancelled when its publisher has another peer, and the room returns.
 */
import { parseArgs } from 'node:util';
import { loadTest } from './compile.js';
import { median } from './median.js';

/** ms of a gap beyond the longest one without a move. */
const LIMIT = 300;
/** ms of silence in a chord that sounds all the time. */
const SILENCE_LIMIT = 300;
/** Of its level, compared with the usual one. Heard twice at a time, it is at 1.4. */
const LEVEL_LIMIT = 1.25;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    cancel: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

const { move } = await loadTest('move', 'test/failover/move.ts');

/** What somebody has noticed besides a pause. */
function faultsOf({ outcome, moved, closed, accounts, mutedFrames, leftBehind }) {
  const ofPages = accounts.flatMap(({ user, states, errors, roster, unsent, voices, hasSameStreams }) => [
    ...errors,
    ...roster,
    ...unsent,
    ...(states.join() === 'joined' ? [] : [`${user}: ${states}`]),
    ...(voices <= 1 ? [] : [`${user}: ${voices} audio tracks at a time`]),
    ...(hasSameStreams ? [] : [`${user}: other streams`]),
  ]);
  const isComplete = values.cancel
    ? outcome === 'ERR_RELAY_ABORTED' && leftBehind === 0
    : outcome === 'moved' && moved === 4 && closed === 0 && leftBehind === 0;
  return [
    ...ofPages,
    ...(isComplete ? [] : [`${outcome}: ${moved} moved, ${closed} closed, ${leftBehind} left behind`]),
    ...(mutedFrames === 0 ? [] : ['a muted track was received']),
  ];
}

const rows = { usual: [], move: [], beyond: [], duration: [], silence: [], level: [] };
const faults = [];
for (let run = 1; run <= Number(values.runs); run += 1) {
  const report = await move({ isCancelled: values.cancel });
  rows.usual.push(...report.usualGapsMs);
  rows.move.push(...report.gapsMs);
  rows.beyond.push(Math.max(...report.gapsMs) - Math.max(...report.usualGapsMs));
  rows.duration.push(report.moveMs);
  rows.silence.push(...report.sounds.map(({ silenceMs }) => silenceMs));
  rows.level.push(...report.sounds.map(({ loudest }) => loudest));
  faults.push(...faultsOf(report));
  if (!values.json)
    console.log(`${run}/${values.runs}  ${report.usualGapsMs} → ${report.gapsMs} ms`, faultsOf(report));
}

const summary = (numbers) => ({ median: median(numbers), worst: Math.max(...numbers) });
const table = {
  'longest gap between frames without a move, ms': summary(rows.usual),
  'longest gap from the move to 7 s after it, ms': summary(rows.move),
  'of a run, beyond the longest one without a move, ms': { ...summary(rows.beyond), limit: LIMIT },
  'longest silence in a chord, ms': { ...summary(rows.silence), limit: SILENCE_LIMIT },
  'loudest 60 ms of it, of the usual level': { ...summary(rows.level), limit: LEVEL_LIMIT },
  'until all sessions have moved, ms': summary(rows.duration),
};
if (values.json) console.log(JSON.stringify({ table, faults }));
else {
  console.table(table);
  if (faults.length > 0) console.log(faults);
}
const isShort = Math.max(...rows.beyond) <= LIMIT && Math.max(...rows.silence) <= SILENCE_LIMIT;
process.exit(isShort && Math.max(...rows.level) <= LEVEL_LIMIT && faults.length === 0 ? 0 : 1);
