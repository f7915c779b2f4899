#!/usr/bin/env node
/** The command `sfu-relay`. */
import { run } from './run.js';

const { exitCode } = await run(process.argv.slice(2), {
  env: process.env,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  stdin: process.stdin,
});
process.exitCode = exitCode;
