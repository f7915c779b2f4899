#!/usr/bin/env node
/**
 * A million viewers on 1,000 SFU nodes and 200 relay processes, calculated from measured costs (bench/simulate/design.js): how evenly
 * rooms are placed, what failures cost, what Redis has to do, and where the design ends. docs/SCALING.md explains the figures.
 *
 *   npm run simulate -- [--out folder]        # seconds; the same result at each run
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compile } from '../scripts/compile.js';
import { charts, simulate } from './simulate/simulation.js';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: fileURLToPath(new URL('results/published', import.meta.url)) },
  },
});
const { load } = await compile('simulate', {
  balancer: 'src/sfu/pool/load-balancer.ts',
  pacer: 'src/sfu/pool/pacer.ts',
});
const [{ LoadBalancer }, { Pacer }] = await Promise.all(['balancer', 'pacer'].map(load));
const report = simulate({ LoadBalancer, Pacer });

mkdirSync(values.out, { recursive: true });
writeFileSync(join(values.out, 'simulation.json'), `${JSON.stringify(report, undefined, 1)}\n`);
for (const [name, svg] of Object.entries(charts(report))) writeFileSync(join(values.out, `${name}.svg`), svg);

const { design, placement, herd, nodeLoss, drain, processLoss, redisByProcesses, plan } = report;
const table = (title, rows) => {
  console.log(`\n${title}`);
  console.table(rows);
};
console.log(
  `${design.sessions} sessions in ${placement[0].rooms} rooms, ${design.nodes} nodes, ${design.processes} processes; each has ` +
    `${report.sessionsOfProcess} sessions in ${report.openRoomsOfProcess} rooms, and ${report.memoryOfProcessMiB} MiB`,
);
table(
  'Load of the nodes, as shares of the mean',
  placement.map(({ loads, ...row }) => row),
);
table(
  'The same by fewer processes',
  herd.map(({ loads, ...row }) => row),
);
table('Nodes that fail together', nodeLoss);
table('A node is drained', [drain]);
table('A process dies', [processLoss]);
table('Redis, by the number of processes', redisByProcesses);
table('What so many sessions need', plan);
console.log(`\nWritten to ${values.out}`);
process.exit(0);
