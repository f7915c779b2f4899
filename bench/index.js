#!/usr/bin/env node
/**
 * What a message, a join and a session cost in the relay, next to relays that only forward.
 *
 *   node bench [--quick] [--repeat 5] [--targets relay-uws,go] [--scenarios growth,publishers,rooms,churn,
 *              fill,burst,close,close-rooms,chat,cut] [--sizes 200,2000] [--rate 500] [--library dist] [--out folder]
 *
 * --sizes are those of growth and fill, --rate the joins a second of fill; --library is another build of the relay.
 *
 * The relay has one core to itself, the SFU and the clients have another (bench/load). The targets take turns, so that
 * whatever else the machine does falls on all of them; docs/PERFORMANCE.md says how to read the figures.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from './harness/build.js';
import { Load } from './harness/load.js';
import { describeMachine, requireOpenFiles } from './harness/machine.js';
import { plots } from './harness/plots.js';
import { Progress } from './harness/progress.js';
import { printReport, roomTable } from './harness/report.js';
import { isRelay, startTarget, TARGETS } from './harness/targets.js';
import { ROOM_SCENARIOS, roomSettings } from './room-scenarios.js';
import { SCENARIOS, settings } from './scenarios.js';

const ALL = { ...SCENARIOS, ...ROOM_SCENARIOS };
const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    repeat: { type: 'string' },
    targets: { type: 'string' },
    sizes: { type: 'string' },
    rate: { type: 'string' },
    scenarios: { type: 'string', default: Object.keys(ALL).join() },
    library: { type: 'string' },
    out: { type: 'string', default: fileURLToPath(new URL('results', import.meta.url)) },
  },
});
const scale = settings(options.quick);
const roomScale = roomSettings(options.quick);
if (options.sizes) scale.sizes = roomScale.fill.sizes = options.sizes.split(',').map(Number);
if (options.rate) roomScale.fill.rate = Number(options.rate);
const repeat = Number(options.repeat ?? scale.repeat);

const tools = await build();
if (options.library) tools.library = resolve(options.library);
if (!tools.load)
  console.log(
    'Go is missing: the load comes from Node, which is slower than what it measures, and large rooms are left out.',
  );
const names = options.scenarios.split(',').filter((name) => tools.load || !(name in ROOM_SCENARIOS));
const targets = Object.keys(TARGETS).filter(
  (name) => (options.targets?.split(',').includes(name) ?? true) && (TARGETS[name].go ? tools.goRelay : true),
);
const runs = names.flatMap((name) => {
  const { run, fits, connections } = ALL[name];
  const context = { scale: name in ROOM_SCENARIOS ? roomScale : scale };
  requireOpenFiles(connections(context.scale));
  // Clients that can resume are measured where they do, and where they are asked for.
  const isMeant = (target) => name === 'resume' || options.targets || !TARGETS[target].resumes;
  return targets
    .filter((target) => fits(target) && isMeant(target))
    .map((target) => ({ name, target, run, context }));
});

const results = [];
const faults = [];
const progress = new Progress(repeat * runs.length);
const load = await Load.start(tools.load);
try {
  for (let round = 0; round < repeat; round += 1) {
    for (const { name: scenario, target, run, context } of runs) {
      progress.step(`${scenario}, ${target}, ${round + 1} of ${repeat}`);
      const fault = (text) => faults.push(`${scenario}, ${target}: ${text}`);
      const relay = await startTarget(target, load.sfu, tools);
      try {
        await load.aim(relay);
        const figures = await run({ ...context, load, relay, fault, hasPictures: isRelay(target) });
        for (const figure of figures) results.push({ round, scenario, target, ...figure });
      } catch (error) {
        fault(error.message);
      } finally {
        await relay.stop();
      }
    }
  }
} finally {
  load.stop();
  progress.end();
}

const report = {
  machine: describeMachine(),
  node: process.version,
  scale: { ...scale, rooms: roomScale },
  targets,
  results,
};
mkdirSync(options.out, { recursive: true });
writeFileSync(join(options.out, 'results.json'), `${JSON.stringify(report, undefined, 1)}\n`);
for (const [name, svg] of Object.entries(plots(report))) writeFileSync(join(options.out, `${name}.svg`), svg);
const table = roomTable(report);
if (table) writeFileSync(join(options.out, 'large-rooms.md'), table);
printReport(report);
console.log(`\nWritten to ${options.out}`);
for (const fault of faults) console.error(`✗ ${fault}`);
if (faults.length > 0) process.exit(1);
console.log(`${results.length} figures, no message lost`);
