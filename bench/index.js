#!/usr/bin/env node
/**
 * What a message, a join and a session cost in the relay, next to relays that only forward.
 *
 *   node bench [--quick] [--repeat 5] [--targets relay-uws,go] [--scenarios growth,publishers,rooms,churn]
 *              [--sizes 200,2000] [--out folder]
 *
 * The relay has one core to itself, the SFU and the clients have another (bench/load). The targets take turns, so that
 * whatever else the machine does falls on all of them; docs/PERFORMANCE.md says how to read the figures.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from './harness/build.js';
import { Load } from './harness/load.js';
import { describeMachine } from './harness/machine.js';
import { plots } from './harness/plots.js';
import { Progress } from './harness/progress.js';
import { printReport } from './harness/report.js';
import { startTarget, TARGETS } from './harness/targets.js';
import { SCENARIOS, settings } from './scenarios.js';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    repeat: { type: 'string' },
    targets: { type: 'string' },
    sizes: { type: 'string' },
    scenarios: { type: 'string', default: 'growth,publishers,rooms,churn' },
    out: { type: 'string', default: fileURLToPath(new URL('results', import.meta.url)) },
  },
});
const scale = settings(options.quick);
if (options.sizes) scale.sizes = options.sizes.split(',').map(Number);
const repeat = Number(options.repeat ?? scale.repeat);
const names = options.scenarios.split(',');

const tools = await build();
const targets = Object.keys(TARGETS).filter(
  (name) => (options.targets?.split(',').includes(name) ?? true) && (TARGETS[name].go ? tools.goRelay : true),
);
if (!tools.load)
  console.log('Go is missing: the load comes from Node, which is slower than what it measures.');

const results = [];
const faults = [];
const progress = new Progress(repeat * names.length * targets.length);
const load = await Load.start(tools.load);
try {
  for (let round = 0; round < repeat; round += 1) {
    for (const scenario of names) {
      for (const target of targets) {
        progress.step(`${scenario}, ${target}, ${round + 1} of ${repeat}`);
        const relay = await startTarget(target, load.sfu, tools);
        try {
          await load.aim(relay);
          const figures = await SCENARIOS[scenario]({ load, relay, scale });
          for (const figure of figures) results.push({ round, scenario, target, ...figure });
        } catch (error) {
          faults.push(`${scenario}, ${target}: ${error.message}`);
        } finally {
          await relay.stop();
        }
      }
    }
  }
} finally {
  load.stop();
  progress.end();
}

const report = { machine: describeMachine(), node: process.version, scale, targets, results };
mkdirSync(options.out, { recursive: true });
writeFileSync(join(options.out, 'results.json'), `${JSON.stringify(report, undefined, 1)}\n`);
for (const [name, svg] of Object.entries(plots(report))) writeFileSync(join(options.out, `${name}.svg`), svg);
printReport(report);
console.log(`\nWritten to ${options.out}`);
for (const fault of faults) console.error(`✗ ${fault}`);
if (faults.length > 0) process.exit(1);
console.log(`${results.length} figures, no message lost`);
