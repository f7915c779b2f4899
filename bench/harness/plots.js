import { roundUp, series, summary } from './statistics.js';
import { TARGETS } from './targets.js';

const COLORS = {
  'relay-uws': '#0b6e4f',
  'relay-uws-cjs': '#7a4fb2',
  'relay-ws': '#4fb286',
  'bare-uws': '#5b7db1',
  'bare-ws': '#a3b8d9',
  go: '#d1893b',
};
const FONT = 'font-family="system-ui, sans-serif"';

/** SVG texts by name. */
export function plots(report) {
  const figure = (name) => report.results.some((each) => each.figure === name);
  const lines = {
    trickle: ['trickle round: CPU', 'CPU of the relay a trickle round trip (µs)'],
    memory: ['idle session: memory', 'Memory of the relay a session (KiB)'],
    join: ['join: CPU', 'CPU of the relay a join (µs)'],
    latency: ['paced trickle round: p99', 'p99 of a trickle round trip at a steady rate (ms)'],
    churn: ['memory after joins and leaves', 'Memory of the relay after so many joins and leaves (KiB)'],
    'room-join': ['fill: CPU of a join', 'CPU of the relay a join into one room (µs)'],
    'room-messages': ['fill: messages to a viewer', 'Messages a second to each viewer of a room that fills'],
    'room-delay': ['fill: event-loop delay, p99', 'p99 of the event loop’s delay while a room fills (ms)'],
  };
  const drawn = Object.entries(lines).filter(([, [name]]) => figure(name));
  return Object.fromEntries(drawn.map(([file, [name, title]]) => [file, lineChart(report, name, title)]));
}

/** A figure over the number of sessions: medians, joined, with the least and the greatest as bars. */
function lineChart(report, figure, title) {
  const [width, height, left, right, top, bottom] = [800, 360, 56, 270, 44, 40];
  const sizes = [
    ...new Set(report.results.filter((each) => each.figure === figure).map(({ sessions }) => sessions)),
  ].sort((one, other) => one - other);
  const curves = report.targets
    .map((target) => ({
      target,
      points: sizes
        .map((sessions) => [sessions, series(report, figure, sessions, target).map(({ value }) => value)])
        .filter(([, values]) => values.length > 0)
        .map(([sessions, values]) => ({ sessions, ...summary(values) })),
    }))
    .filter(({ points }) => points.length > 0);
  const ceiling = roundUp(Math.max(...curves.flatMap(({ points }) => points.map(({ most }) => most))));
  const x = (sessions) => left + (sessions / sizes.at(-1)) * (width - left - right);
  const y = (value) => height - bottom - (value / ceiling) * (height - top - bottom);
  const parts = [
    `<text x="${left}" y="24" font-size="15" font-weight="600" ${FONT}>${title}</text>`,
    ...[0, 0.25, 0.5, 0.75, 1].map((share) =>
      gridLine(left, width - right, y(share * ceiling), share * ceiling),
    ),
    ...sizes.map(
      (sessions) =>
        `<text x="${x(sessions)}" y="${height - bottom + 18}" font-size="11" fill="#555" text-anchor="middle" ${FONT}>${short(sessions)}</text>`,
    ),
    ...curves.map(({ target, points }) => curve(COLORS[target], points, x, y)),
    ...curves.map(({ target }, index) => legend(width - right + 16, top + 12 + index * 22, target)),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">
<title>${title}</title>
<rect width="${width}" height="${height}" fill="#fff"/>
${parts.join('\n')}
</svg>
`;
}

function curve(color, points, x, y) {
  const path = points
    .map(({ sessions, median }) => `${x(sessions).toFixed(1)},${y(median).toFixed(1)}`)
    .join(' ');
  const spreads = points.map(
    ({ sessions, least, most, median }) =>
      `<line x1="${x(sessions).toFixed(1)}" x2="${x(sessions).toFixed(1)}" y1="${y(least).toFixed(1)}" y2="${y(most).toFixed(1)}" stroke="${color}" stroke-opacity="0.35" stroke-width="3"/>` +
      `<circle cx="${x(sessions).toFixed(1)}" cy="${y(median).toFixed(1)}" r="3" fill="${color}"/>`,
  );
  return `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"/>${spreads.join('')}`;
}

function gridLine(from, to, at, value) {
  return (
    `<line x1="${from}" x2="${to}" y1="${at.toFixed(1)}" y2="${at.toFixed(1)}" stroke="#ddd"/>` +
    `<text x="${from - 8}" y="${(at + 4).toFixed(1)}" font-size="11" fill="#555" text-anchor="end" ${FONT}>${short(value)}</text>`
  );
}

function legend(x, y, target) {
  return (
    `<rect x="${x}" y="${y - 9}" width="12" height="12" fill="${COLORS[target]}"/>` +
    `<text x="${x + 18}" y="${y + 1}" font-size="12" ${FONT}>${TARGETS[target].title}</text>`
  );
}

function short(value) {
  return value >= 1_000 ? `${Number((value / 1_000).toFixed(1))}k` : String(Number(value.toFixed(2)));
}
