import { ratio, series, summary, trend } from './statistics.js';
import { TARGETS } from './targets.js';

/** With what a target is compared: the ESM build, the peer that has the same socket, and Go. */
const COMPARISONS = [
  ['relay-uws-cjs', 'relay-uws'],
  ['relay-uws', 'bare-uws'],
  ['relay-uws', 'go'],
  ['relay-ws', 'bare-ws'],
];

/** What should not grow with the number of sessions, be they there or gone. */
const TRENDS = [
  'trickle round: CPU',
  'join: CPU',
  'memory after joins and leaves',
  'live objects after joins and leaves',
];

/** The medians, and beside them the ratios' medians, with the least and the greatest. */
export function printReport(report) {
  const comparisons = COMPARISONS.filter((pair) => pair.every((name) => report.targets.includes(name)));
  const rows = figuresOf(report).map(({ figure, sessions, unit }) => [
    `${figure} (${unit})`,
    sessions.toLocaleString('en'),
    ...report.targets.map((target) => medianOf(report, figure, sessions, target)),
    ...comparisons.map(([target, peer]) => spread(ratio(report, figure, sessions, target, peer))),
  ]);
  const head = ['', 'sessions', ...report.targets, ...comparisons.map(([one, other]) => `${one} / ${other}`)];
  console.log(`\n${textTable([head, ...rows])}\n`);
  printTrends(report);
  for (const target of report.targets) console.log(`${target.padEnd(14)} ${TARGETS[target].title}`);
}

/** What the table of large rooms in docs/PERFORMANCE.md has, in its order. */
const ROOM_FIGURES = [
  'fill: CPU of a join',
  'fill: messages to a viewer',
  'fill: sent for a join',
  'fill: longest frame',
  'fill: join, p99',
  'fill: event-loop delay, p99',
  'fill: event-loop delay, maximum',
  'fill: memory of a session',
  'burst: until all counts are right',
  'burst: CPU',
  'burst: event-loop delay, maximum',
  'close, one room: until it has closed',
  'close, one room: event-loop delay, maximum',
  'close, a room each: until it has closed',
  'close, a room each: event-loop delay, maximum',
  'chat: CPU of a delivery',
  'chat: slowest delivery',
  'chat: event-loop delay, maximum',
  'cut: until all are back',
  'cut: until all counts are right',
  'cut: event-loop delay, maximum',
];

/** The medians of large rooms in Markdown; undefined where none were measured. */
export function roomTable(report) {
  const figures = figuresOf(report)
    .filter(({ figure }) => ROOM_FIGURES.includes(figure))
    .sort((one, other) => ROOM_FIGURES.indexOf(one.figure) - ROOM_FIGURES.indexOf(other.figure));
  if (figures.length === 0) return undefined;
  const measured = new Set(figures.map(({ figure }) => figure));
  const targets = report.targets.filter((target) =>
    report.results.some((each) => each.target === target && measured.has(each.figure)),
  );
  const rows = figures.map(({ figure, sessions, unit }) => [
    `${figure}, ${unit}`,
    sessions.toLocaleString('en'),
    ...targets.map((target) => medianOf(report, figure, sessions, target)),
  ]);
  const head = ['', 'sessions', ...targets.map((target) => `\`${target}\``)];
  const alignment = head.map((_, column) => (column === 0 ? '---' : '--:'));
  return [head, alignment, ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function printTrends(report) {
  const rows = TRENDS.flatMap((figure) => {
    const sizes = report.results.filter((each) => each.figure === figure).map(({ sessions }) => sessions);
    const [fewest, most] = [Math.min(...sizes), Math.max(...sizes)];
    if (!(fewest < most)) return [];
    const cells = report.targets.map((target) => spread(trend(report, figure, target, most, fewest)));
    return [[`${figure}, ${most.toLocaleString('en')} / ${fewest.toLocaleString('en')}`, ...cells]];
  });
  if (rows.length > 0) console.log(`${textTable([['', ...report.targets], ...rows])}\n`);
}

function medianOf(report, figure, sessions, target) {
  const values = series(report, figure, sessions, target).map(({ value }) => value);
  return values.length > 0 ? rounded(summary(values).median).toLocaleString('en') : '';
}

function spread(of) {
  return of ? `${of.median.toFixed(2)} (${of.least.toFixed(2)}–${of.most.toFixed(2)})` : '';
}

function figuresOf({ results }) {
  const figures = new Map(results.map((each) => [`${each.figure} ${each.sessions}`, each]));
  return [...figures.values()].sort(
    (one, other) => one.figure.localeCompare(other.figure) || one.sessions - other.sessions,
  );
}

function rounded(value) {
  return Number(value.toPrecision(3));
}

/** Rows of cells as aligned lines; the first row is the head. */
export function textTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row) =>
    row.map((cell, n) => (n === 0 ? cell.padEnd(widths[n]) : cell.padStart(widths[n]))).join('  ');
  return rows.map(line).join('\n');
}
