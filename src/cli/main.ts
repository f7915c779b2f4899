#!/usr/bin/env node
/** The command `sfu-relay`. */
import { noop } from '../util/noop.js';
import { run } from './run.js';

// Whoever reads the output may have read enough, as `head -1` has.
for (const stream of [process.stdout, process.stderr]) stream.on('error', noop);

const { exitCode } = await run(process.argv.slice(2), {
  env: process.env,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  stdin: process.stdin,
});
process.exitCode = exitCode;
