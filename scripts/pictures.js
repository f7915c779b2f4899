#!/usr/bin/env node
/**
 * Photographs every state of the live room that its tests look at, in each size and color scheme.
 *
 *   npm run pictures                  into pictures/
 *   npm run pictures -- --to=folder
 *
 * The pictures are those of test/examples/demo-*.test.ts, where looksRight() (test/support/looks.ts) takes them. CHROMIUM_PATH
 * is the browser.
 */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { to: { type: 'string', default: 'pictures' } } });
const PICTURES = resolve(values.to);
const vitest = ['vitest', 'run', '--project', 'examples', 'test/examples/demo-'];
const tests = spawn('npx', vitest, { stdio: 'inherit', env: { ...process.env, PICTURES } });
tests.once('close', (code) => {
  console.log(`The pictures are in ${PICTURES}`);
  process.exitCode = code ?? 1;
});
