#!/usr/bin/env node
/**
 * Lets many clients say right, damaged and wrong things to a relay in front of a real Ion (test/fuzz), and says
 * whether one of them got through.
 *
 *   node scripts/fuzz.js [--messages 1000000] [--seed N] [--clients 40]
 *
 * Exit code 1 where the SFU ended a session, or itself; what that client had said is written to a file.
 */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compile } from './compile.js';

const CAMPAIGN = 'test/fuzz/campaign.ts';
const BAR_WIDTH = 30;
const REPORT_EVERY_MS = process.stdout.isTTY ? 500 : 10_000;

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    clients: { type: 'string', default: '40' },
  },
});
const [messages, seed, clients] = [values.messages, values.seed, values.clients].map(Number);

/** Compiles the campaign, whose modules find their files as if they were where they were written. */
async function load() {
  const { load } = await compile(
    'fuzz',
    { campaign: CAMPAIGN },
    {
      esbuildOptions(options) {
        const url = new URL(`../${CAMPAIGN}`, import.meta.url).href;
        options.define = { ...options.define, 'import.meta.url': JSON.stringify(url) };
      },
    },
  );
  return load('campaign');
}

const start = Date.now();
const rate = (count) => Math.round(count / ((Date.now() - start) / 1000));
let shown = 0;

function show(progress, memory) {
  if (Date.now() - shown < REPORT_EVERY_MS) return;
  shown = Date.now();
  const share = Math.min(1, progress.messages / messages);
  const bar = '█'.repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH, '·');
  const closes = Object.entries(progress.closes).map(([code, count]) => `${code}×${count}`);
  const line = [
    `${bar} ${(share * 100).toFixed(1)} %`,
    `${rate(progress.messages)}/s`,
    `heap ${memory.heap} MiB, Ion ${memory.sfuRss} MiB`,
    `${progress.sessions} sessions`,
    `closes ${closes.join(' ') || 'none'}`,
    `holes ${progress.holes.length}`,
  ].join('  ');
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${line}`);
  else console.log(line);
}

const { campaign } = await load();
console.log(`${messages} messages of ${clients} clients at a time, --seed ${seed}`);
const report = await campaign({ messages, seed, clients, onProgress: show });

console.log(`\n${report.messages} messages in ${Math.round(report.durationMs / 1000)} s`);
console.table(
  Object.fromEntries(
    report.memory.map(({ percent, memory: { heap, rss, sfuRss } }) => [
      `${percent} %`,
      { 'heap MiB': heap, 'RSS MiB': rss, 'RSS of Ion MiB': sfuRss },
    ]),
  ),
);
console.table({ connections: report.connections, sessions: report.sessions, holes: report.holes.length });
for (const [title, counts] of Object.entries({
  'requests granted': report.granted,
  'errors by code': report.errors,
  'connections closed, by code (1006: by the client)': report.closes,
})) {
  console.log(title);
  console.table(Object.fromEntries(Object.entries(counts).sort(([, one], [, other]) => other - one)));
}

if (report.ghosts.length > 0) console.log(`Left on the SFU: ${report.ghosts.join(', ')}`);
if (!report.isSfuAlive) console.log(`The SFU has died:\n${report.sfuLog.slice(-4_000)}`);
if (report.holes.length > 0) {
  const file = join(await mkdtemp(join(tmpdir(), 'sfu-relay-fuzz-')), `seed-${seed}.json`);
  await writeFile(file, JSON.stringify({ seed, messages, clients, holes: report.holes }, null, 2));
  for (const { what } of report.holes) console.log(`A hole: ${what}`);
  console.log(`What the clients said: ${file}`);
}
process.exit(report.isSfuAlive && report.holes.length + report.ghosts.length === 0 ? 0 : 1);
