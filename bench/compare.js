#!/usr/bin/env node
/**
 * Compares the CPU that two builds of the relay need, or two targets of one build.
 *
 *   node bench/compare.js --base ../other-checkout [--new checkout] [--targets relay-uws,relay-ws]
 *   node bench/compare.js --targets relay-uws-cjs,relay-uws
 *   both: [--pairs 20] [--figures trickle,viewers,publishers,messages] [--out file.json]
 *
 * Each pair starts two new processes and gives them work in turn, some hundred milliseconds at a time, so that both get
 * the same share of whatever else the machine does. The ratio of a pair is one value; printed are the median and the
 * quartiles of all pairs.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from './harness/build.js';
import { FIGURES, measurePair } from './harness/duel.js';
import { describeMachine } from './harness/machine.js';
import { Progress } from './harness/progress.js';
import { textTable } from './harness/report.js';
import { quartiles } from './harness/statistics.js';
import { isRelay, TARGETS } from './harness/targets.js';

const { values: options } = parseArgs({
  options: {
    base: { type: 'string' },
    new: { type: 'string' },
    pairs: { type: 'string', default: '20' },
    targets: { type: 'string' },
    figures: { type: 'string', default: Object.keys(FIGURES).join() },
    out: { type: 'string', default: fileURLToPath(new URL('results/compare.json', import.meta.url)) },
  },
});

/** Ends with advice instead of a stack trace. */
function usage(advice) {
  console.error(advice);
  process.exit(2);
}

function among(known, list, option) {
  const names = list.split(',');
  const stranger = names.find((name) => !Object.hasOwn(known, name));
  if (stranger !== undefined)
    usage(`--${option}: there is no "${stranger}". Choose from ${Object.keys(known).join(', ')}.`);
  return names;
}

/** The folder of a build, given it or a checkout that contains it. */
function distOf(path, option) {
  const folder = [join(path, 'dist'), path].find((each) => existsSync(join(each, 'index.js')));
  if (folder) return resolve(folder);
  return usage(`--${option} ${path}: there is no build. Run "npx tsup --no-dts" in that checkout first.`);
}

const pairs = Number(options.pairs);
if (!(Number.isInteger(pairs) && pairs > 0)) usage('--pairs must be a whole number from 1.');
const figures = among(FIGURES, options.figures, 'figures');
const relays = Object.fromEntries(Object.entries(TARGETS).filter(([name]) => isRelay(name)));
const targets = among(options.base ? relays : TARGETS, options.targets ?? 'relay-uws,relay-ws', 'targets');
if (!options.base && options.new) usage('--new is compared with --base: name that, too.');
if (!options.base && (!options.targets || targets.length !== 2))
  usage('Name --base, a checkout or its dist, or two --targets to compare with each other.');

const base = options.base && distOf(options.base, 'base');
const own = options.new && distOf(options.new, 'new');
const tools = await build();
const newTools = own ? { ...tools, library: own } : tools;
/** What is compared: two targets, each with the build that it runs. */
const duels = base
  ? targets.map((target) => ({
      name: target,
      one: { target, tools: newTools },
      other: { target, tools: { ...tools, library: base } },
    }))
  : [
      {
        name: `${targets[0]} / ${targets[1]}`,
        one: { target: targets[0], tools },
        other: { target: targets[1], tools },
      },
    ];
if (!tools.load)
  console.error('Go is missing: the load comes from Node, which is slower than what it measures.');

const results = [];
const faults = [];
const progress = new Progress(pairs * duels.length);
for (let pair = 0; pair < pairs; pair += 1) {
  for (const { name, one, other } of duels) {
    progress.step(`${name}, pair ${pair + 1} of ${pairs}`);
    try {
      // The first of a pair takes turns, too.
      const values = await measurePair(one, other, figures, pair % 2 === 1);
      for (const value of values) results.push({ pair, compared: name, ...value });
    } catch (error) {
      faults.push(`${name}, pair ${pair + 1}: ${error.message}`);
    }
  }
}
progress.end();

const summaries = duels.flatMap(({ name }) =>
  figures.flatMap((figure) => {
    const values = results.filter((each) => each.compared === name && each.figure === figure);
    if (values.length === 0) return [];
    const of = (select) => quartiles(values.map(select));
    return [
      {
        compared: name,
        figure,
        pairs: values.length,
        one: of((each) => each.one).median,
        other: of((each) => each.other).median,
        ratio: of((each) => each.one / each.other),
      },
    ];
  }),
);

const [one, other] = base ? ['new', 'base'] : targets;
const rows = summaries.map(({ compared, figure, pairs: count, ratio, ...medians }) => [
  `${compared}: ${FIGURES[figure].title}`,
  medians.one.toFixed(1),
  medians.other.toFixed(1),
  ratio.median.toFixed(3),
  `${ratio.lower.toFixed(3)}–${ratio.upper.toFixed(3)}`,
  String(count),
]);
console.log(textTable([['CPU, µs', one, other, 'ratio', 'quartiles', 'pairs'], ...rows]));

const report = { machine: describeMachine(), node: process.version, base, new: own, summaries, results };
mkdirSync(dirname(options.out), { recursive: true });
writeFileSync(options.out, `${JSON.stringify(report, undefined, 1)}\n`);
console.log(`\nWritten to ${options.out}`);
for (const fault of faults) console.error(`✗ ${fault}`);
if (faults.length > 0) process.exit(1);
