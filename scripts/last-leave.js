#!/usr/bin/env node
/**
 * In each round the last participant of a room leaves by one of three relays while the next one joins by another, in front of one real
 * Ion, which would split the room in two; a third one has to receive the media of the second (test/cluster/last-leave.ts). Exit code 1
 * where a join fails, media does not come, Ion ends, or a peer or a room is left.
 *
 *   npm run last-leave -- [--rounds 1000] [--rooms 4] [--json]
 */
import { parseArgs } from 'node:util';
import { loadTest } from './compile.js';
import { median } from './median.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1000' },
    rooms: { type: 'string', default: '4' },
    json: { type: 'boolean', default: false },
  },
});
const { lastLeaves } = await loadTest('last-leave', 'test/cluster/last-leave.ts');
const rounds = Number(values.rounds);
const step = Math.ceil(rounds / 20);
const since = performance.now();
const onRound = (done) => {
  if (done % step === 0)
    console.error(`${done} of ${rounds} rounds after ${Math.round((performance.now() - since) / 1_000)} s`);
};
const { joinsMs, mediaMs, ...rest } = await lastLeaves({ rounds, rooms: Number(values.rooms), onRound });
const figures = (ms) => ({ median: Math.round(median(ms)), worst: Math.round(Math.max(...ms)) });
const report = { rounds, ...rest, joinMs: figures(joinsMs), mediaMs: figures(mediaMs) };
console.log(values.json ? JSON.stringify(report) : report);
process.exit(rest.faults.length === 0 && rest.left.length === 0 ? 0 : 1);
