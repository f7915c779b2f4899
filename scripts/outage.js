#!/usr/bin/env node
/**
 * Takes the Redis of three relays away for minutes (test/cluster/outage.ts). Says who has noticed what, and how long it takes after its
 * return until everybody knows again who is there. Exit code 1 where that is longer than 2 s, or somebody has lost a session, or has not
 * heard once what was written meanwhile.
 *
 *   npm run outage -- [--minutes 10] [--fault killed|silent] [--json]
 *
 * `killed`: Redis comes back empty. `silent`: it is stopped, and comes back with what it had.
 */
import { parseArgs } from 'node:util';
import { loadTest } from './compile.js';

/** ms */
const LIMIT = 2_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    fault: { type: 'string', default: 'killed' },
    json: { type: 'boolean', default: false },
  },
});
const { minutes, fault } = values;
if (!['killed', 'silent'].includes(fault)) throw new Error('--fault killed, or --fault silent');

const { outage } = await loadTest('outage', 'test/cluster/outage.ts');
const report = await outage({ awayMs: Number(minutes) * 60_000, fault });
console.log(values.json ? JSON.stringify(report) : report);
const { rosterMs, disturbed, heard, missed } = report;
const isWhole = disturbed.length === 0 && heard.length === 1 && missed.length === 0;
process.exit(rosterMs <= LIMIT && isWhole ? 0 : 1);
