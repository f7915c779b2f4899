#!/usr/bin/env node
/**
 * Ends one of three relays by kill -9, whose sessions have real media (test/cluster/process-kill.ts). Says how long they are without
 * it, and what is left of the process in Redis a minute later. Exit code 1 where media takes longer than 3 s, or something is left.
 *
 *   npm run process-kill -- [--sessions 200] [--seconds 60] [--json]
 */
import { parseArgs } from 'node:util';
import { loadTest } from './compile.js';
import { median } from './median.js';

/** ms */
const LIMIT = 3_000;

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '60' },
    json: { type: 'boolean', default: false },
  },
});
const { killProcess } = await loadTest('process-kill', 'test/cluster/process-kill.ts');
const { lost, recoveriesMs, leftovers, keys } = await killProcess({
  sessions: Number(values.sessions),
  leftoversMs: Number(values.seconds) * 1_000,
});
const worst = Math.max(...recoveriesMs);
const report = { lost, viewers: recoveriesMs.length, median: median(recoveriesMs), worst, keys, leftovers };
console.log(values.json ? JSON.stringify(report) : report);
process.exit(worst <= LIMIT && leftovers.length === 0 && keys.after <= keys.before ? 0 : 1);
