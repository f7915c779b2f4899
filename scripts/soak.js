#!/usr/bin/env node
/**
 * Lets many clients live short and mixed lives in front of a relay (test/soak): they join, change rooms, renew tokens, take
 * sessions over, and vanish at every step. Says what is left of them.
 *
 *   node scripts/soak.js [--minutes 10] [--seconds N] [--clients 40] [--seed N] [--real] [--json]
 *
 * `--real` takes a real Ion in place of the scripted SFU. Exit code 1 where anything is left.
 */
import { parseArgs } from 'node:util';
import { compile } from './compile.js';

const SOAK = 'test/soak/soak.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seconds: { type: 'string' },
    clients: { type: 'string', default: '40' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    real: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

/** Compiles the soak, whose modules find their files as if they were where they were written. */
async function load() {
  const { load } = await compile(
    'soak',
    { soak: SOAK },
    {
      esbuildOptions(options) {
        const url = new URL(`../${SOAK}`, import.meta.url).href;
        options.define = { ...options.define, 'import.meta.url': JSON.stringify(url) };
      },
    },
  );
  return load('soak');
}

function show({ lives, elapsedMs, left, heapMiB }) {
  const { sessions, streams, connections, timers } = left;
  console.log(
    `${Math.round(elapsedMs / 1_000)} s  ${lives} lives  heap ${heapMiB} MiB  ` +
      `${sessions} sessions, ${streams} streams, ${connections} connections, ${timers} timers`,
  );
}

const { soak } = await load();
const seed = Number(values.seed);
if (!values.json) console.log(`${values.clients} clients at a time, --seed ${seed}`);
const report = await soak({
  seed,
  durationMs: values.seconds ? Number(values.seconds) * 1_000 : Number(values.minutes) * 60_000,
  clients: Number(values.clients),
  isReal: values.real,
  ...(!values.json && { onProgress: show }),
});
const { left, rejections, faults } = report;
const isClean = [...Object.values(left), rejections.length, faults.length].every((count) => count === 0);
if (values.json) console.log(JSON.stringify(report));
else {
  console.log(`${report.lives} lives, ${report.joins} joins`, report.done, report.heapMiB);
  console.table(left);
  for (const [title, list] of Object.entries({ rejections, faults }))
    if (list.length > 0) console.log(title, [...new Set(list)].slice(0, 20));
}
process.exit(isClean ? 0 : 1);
