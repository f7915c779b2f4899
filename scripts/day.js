#!/usr/bin/env node
/**
 * Lets four users spend a compressed day in a room, by real Chromium and Firefox on a real Ion, behind proxies that break
 * as networks do (test/day). Exit code 1 where somebody does not receive somebody, an application was told of an error, or the
 * heap of the relay or of a page has grown by 1 % or more over the last half.
 *
 *   npm run build && node scripts/day.js [--seed N] [--share 1] [--json]
 *
 * `--share 0.1` is a tenth of the day.
 */
import { parseArgs } from 'node:util';
import { loadTest } from './compile.js';

const PLAN = { mutes: 500, cameras: 300, screens: 50, reloads: 20, switches: 20 };
/** In per cent. */
const MAX_GROWTH = 1;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    share: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});

/** Compiles the day, whose modules find their files as if they were where they were written. */
const { day } = await loadTest('day', 'test/day/day.ts');
const share = Number(values.share);
// An even number: in the end all cameras are as they were.
const plan = Object.fromEntries(
  Object.entries(PLAN).map(([what, count]) => [what, Math.max(4, 2 * Math.round((count * share) / 2))]),
);
const seed = Number(values.seed);
if (!values.json) console.log(`--seed ${seed}`, plan);
let shown = 0;
const report = await day({
  seed,
  plan,
  onProgress(done, all, doing) {
    if (values.json || performance.now() - shown < 5_000) return;
    shown = performance.now();
    console.log(`${done}/${all}  ${Math.round(shown / 1_000)} s  ${doing}`);
  },
});
console.log(values.json ? JSON.stringify(report) : report);
const isQuiet = Object.values(report.errors).every((errors) => errors.length === 0);
const isSteady = Object.values(report.growth).every((percent) => percent < MAX_GROWTH);
process.exit(isQuiet && isSteady ? 0 : 1);
