import { roundUp } from '../harness/statistics.js';

const FONT = 'font-family="system-ui, sans-serif"';
const COLORS = ['#0b6e4f', '#d1893b', '#5b7db1', '#7a4fb2', '#b23a48'];
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [800, 360, 64, 200, 44, 52];

/**
 * Lines over an axis that is linear, or logarithmic in both directions.
 * @param {{ title: string, xTitle: string, isLog?: boolean, curves: { name: string, points: [number, number][] }[] }} chart
 * @returns an SVG text
 */
export function lineChart({ title, xTitle, isLog = false, curves }) {
  const all = curves.flatMap(({ points }) => points);
  const x = axis(
    all.map(([at]) => at),
    LEFT,
    WIDTH - RIGHT,
    isLog,
  );
  const y = axis(
    all.map(([, value]) => value),
    HEIGHT - BOTTOM,
    TOP,
    isLog,
  );
  const parts = [
    `<text x="${LEFT}" y="24" font-size="15" font-weight="600" ${FONT}>${title}</text>`,
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 12}" font-size="12" fill="#555" text-anchor="middle" ${FONT}>${xTitle}</text>`,
    ...y.marks.map(
      (value) =>
        `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y.at(value)}" y2="${y.at(value)}" stroke="#ddd"/>` +
        `<text x="${LEFT - 8}" y="${y.at(value) + 4}" font-size="11" fill="#555" text-anchor="end" ${FONT}>${short(value)}</text>`,
    ),
    ...x.marks.map(
      (value) =>
        `<text x="${x.at(value)}" y="${HEIGHT - BOTTOM + 18}" font-size="11" fill="#555" text-anchor="middle" ${FONT}>${short(value)}</text>`,
    ),
    ...curves.map(({ points }, n) => {
      const path = points.map(([at, value]) => `${x.at(at)},${y.at(value)}`).join(' ');
      return `<polyline points="${path}" fill="none" stroke="${COLORS[n]}" stroke-width="2"/>`;
    }),
    ...curves.map(
      ({ name }, n) =>
        `<rect x="${WIDTH - RIGHT + 16}" y="${TOP + 3 + n * 22}" width="12" height="12" fill="${COLORS[n]}"/>` +
        `<text x="${WIDTH - RIGHT + 34}" y="${TOP + 13 + n * 22}" font-size="12" ${FONT}>${name}</text>`,
    ),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">
<title>${title}</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
${parts.join('\n')}
</svg>
`;
}

function axis(values, from, to, isLog) {
  const scale = isLog ? Math.log10 : (value) => value;
  const [least, most] = isLog
    ? [Math.floor(scale(Math.min(...values))), Math.ceil(scale(Math.max(...values)))]
    : [0, roundUp(Math.max(...values))];
  const at = (value) =>
    Math.round((from + ((scale(value) - least) / (most - least)) * (to - from)) * 10) / 10;
  const marks = isLog
    ? Array.from({ length: most - least + 1 }, (_, n) => 10 ** (least + n))
    : [0, 0.25, 0.5, 0.75, 1].map((share) => share * most);
  return { at, marks };
}

function short(value) {
  if (value >= 1e6) return `${Number((value / 1e6).toFixed(1))}M`;
  return value >= 1_000 ? `${Number((value / 1_000).toFixed(1))}k` : String(Number(value.toFixed(3)));
}
