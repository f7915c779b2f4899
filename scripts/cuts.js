#!/usr/bin/env node
/**
 * Plays many scenes of a client whose connection is cut at every frame and inside frames (test/cuts), and says where something was
 * lost, came twice, or in another order.
 *
 *   npm run cuts -- [--seeds 10000] [--from 1] [--at-once 8]
 *
 * Exit code 1 where a scene has failed; its seed plays it again: `--from <seed> --seeds 1`.
 */
import { parseArgs } from 'node:util';
import { compile } from './compile.js';

const CAMPAIGN = 'test/cuts/campaign.ts';
const REPORT_EVERY_MS = process.stdout.isTTY ? 500 : 10_000;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '1' },
    'at-once': { type: 'string', default: '8' },
  },
});
const [seeds, from, atOnce] = [values.seeds, values.from, values['at-once']].map(Number);

const { load } = await compile('cuts', { campaign: CAMPAIGN }, { external: ['uWebSockets.js'] });
const { cuts } = await load('campaign');

const start = Date.now();
let shown = start;

function show(scene, done) {
  const clear = process.stdout.isTTY ? '\r\u001b[K' : '';
  if (scene.faults.length > 0) console.log(`${clear}${describe(scene)}`);
  if (Date.now() - shown < REPORT_EVERY_MS) return;
  shown = Date.now();
  const line = `${done} of ${seeds} scenes, ${Math.round(done / ((Date.now() - start) / 1000))}/s`;
  if (process.stdout.isTTY) process.stdout.write(`${clear}${line}`);
  else console.log(line);
}

function describe({ seed, faults, breaks, steps }) {
  const again = `npm run cuts -- --from ${seed} --seeds 1`;
  return [`Seed ${seed} failed (${again})`, ...faults, `steps ${steps}`, ...breaks].join('\n  ');
}

const { failed, scenes, breaks, resumptions, snapshots } = await cuts({ seeds, from, atOnce, onScene: show });
console.log(`\n${scenes} scenes in ${Math.round((Date.now() - start) / 1000)} s`);
console.table({ breaks, resumptions, snapshots, failed: failed.length });
if (failed.length > 0)
  console.log(`Failed: ${failed.map(({ seed, faults: [fault] }) => `${seed} (${fault})`).join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);
