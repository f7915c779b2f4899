#!/usr/bin/env node
/**
 * Gives descriptions and candidates of many kinds (test/oracle) to a bare Ion and to a relay in front of it, and writes
 * what becomes of them to docs/SDP.md.
 *
 *   node scripts/oracle.js [--only TEXT] [--tries 3] [--parallel 16]
 *
 * With --only, by a part of the names, nothing is written.
 */
import { parseArgs } from 'node:util';
import { compile } from './compile.js';

const ENTRY = 'test/oracle/index.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    tries: { type: 'string', default: '3' },
    parallel: { type: 'string', default: '16' },
  },
});

const { load } = await compile(
  'oracle',
  { oracle: ENTRY },
  {
    // Its modules find their files as if they were where they were written.
    esbuildOptions(options) {
      const url = new URL(`../${ENTRY}`, import.meta.url).href;
      options.define = { ...options.define, 'import.meta.url': JSON.stringify(url) };
    },
  },
);
const { campaign, variants, writeTable } = await load('oracle');

const { only } = values;
const chosen = variants().filter(
  ({ client, name }) => only === undefined || `${client}: ${name}`.includes(only),
);
const rows = await campaign({
  chosen,
  tries: Number(values.tries),
  parallel: Number(values.parallel),
  onRow({ variant, bare, relay, faults }, done, total) {
    const differs = bare === relay ? '' : `   ${faults.relay ?? faults.bare ?? ''}`;
    console.log(`${done}/${total} ${variant.client}: ${variant.name}   ${bare} | ${relay}${differs}`);
  },
});
if (only === undefined) await writeTable(rows);
process.exit(0);
