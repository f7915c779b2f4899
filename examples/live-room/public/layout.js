// @ts-check
/** Computes the positions of the tiles. */

/**
 * @typedef {{ x: number, y: number, width: number, height: number }} Rect
 * @typedef {{ rects: Rect[], height: number }} Layout height: of all, may be more than there is (then it scrolls)
 */

const WIDEST = 16 / 9;

/**
 * The grid in which the tiles are largest.
 * @param {number} count
 * @param {{ width: number, height: number }} box
 * @param {{ gap: number, narrowest: number, minWidth: number }} options narrowest: aspect ratio of a tile, at least
 * @returns {Layout}
 */
export function gallery(count, box, { gap, narrowest, minWidth }) {
  if (count === 0 || box.width <= 0) return { rects: [], height: 0 };
  let best = { columns: 1, width: 0, height: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const tile = fit(
      (box.width - gap * (columns - 1)) / columns,
      (box.height - gap * (rows - 1)) / rows,
      narrowest,
    );
    if (tile.width * tile.height > best.width * best.height) best = { columns, ...tile };
  }
  if (best.width < minWidth) {
    const columns = Math.max(1, Math.floor((box.width + gap) / (minWidth + gap)));
    const width = (box.width - gap * (columns - 1)) / columns;
    best = { columns, width, height: width / WIDEST };
  }
  return place(count, best, box, gap);
}

/**
 * One tile large, the others in a strip below it, or beside it where the box is wide.
 * @param {number} count
 * @param {number} featured index
 * @param {{ width: number, height: number }} box
 * @param {{ gap: number, aspect: number }} options aspect: of the large one
 * @returns {Layout}
 */
export function spotlight(count, featured, box, { gap, aspect }) {
  const others = count - 1;
  const wide = box.width > box.height * 1.35;
  const small = wide ? tileBeside(box) : tileBelow(others, box, gap);
  const taken = others > 0 ? (wide ? small.width : small.height) + gap : 0;
  const space = wide
    ? { width: box.width - taken, height: box.height }
    : { width: box.width, height: box.height - taken };
  const large = fit(space.width, space.height, aspect, aspect);
  const first = { x: (space.width - large.width) / 2, y: Math.max(0, (space.height - large.height) / 2) };
  const step = (wide ? small.height : small.width) + gap;
  const start = Math.max(0, ((wide ? box.height : box.width) - others * step + gap) / 2);
  const rects = Array.from({ length: count }, (_, index) => {
    if (index === featured) return { ...first, ...large };
    const along = start + (index < featured ? index : index - 1) * step;
    return wide
      ? { x: box.width - small.width, y: along, ...small }
      : { x: along, y: first.y + large.height + gap, ...small };
  });
  return { rects, height: Math.max(box.height, ...rects.map(({ y, height }) => y + height)) };
}

/** @param {{ width: number, height: number }} box */
function tileBeside(box) {
  const width = Math.min(240, box.width * 0.24);
  return { width, height: width / WIDEST };
}

/**
 * All tiles visible, if each remains large enough.
 * @param {number} count
 * @param {{ width: number, height: number }} box
 * @param {number} gap
 */
function tileBelow(count, box, gap) {
  const height = Math.min(150, box.height * 0.2);
  const width = Math.min(height * 1.3, Math.max(84, (box.width + gap) / Math.max(1, count) - gap));
  return { width, height: Math.min(height, width) };
}

/**
 * Two participants: the other one large, the own video small in its corner.
 * @param {number} own index, 0 or 1
 * @param {{ width: number, height: number }} box
 * @param {{ gap: number, narrowest: number }} options
 * @returns {Layout}
 */
export function duet(own, box, { gap, narrowest }) {
  const [large] = gallery(1, box, { gap, narrowest, minWidth: 0 }).rects;
  const width = Math.min(240, Math.max(112, large.width * 0.22));
  const height = width / Math.min(WIDEST, Math.max(4 / 3, large.width / large.height));
  const x = large.x + large.width - width - gap;
  const small = { x, y: large.y + large.height - height - gap, width, height };
  return { rects: own === 0 ? [small, large] : [large, small], height: box.height };
}

/**
 * The largest size within the space whose aspect ratio is neither too wide nor too narrow.
 * @param {number} width
 * @param {number} height
 * @param {number} narrowest
 */
function fit(width, height, narrowest, widest = WIDEST) {
  if (width <= 0 || height <= 0) return { width: 0, height: 0 };
  if (width / height > widest) return { width: height * widest, height };
  if (width / height < narrowest) return { width, height: width / narrowest };
  return { width, height };
}

/**
 * Rows from the top, centered; the last one, which may be shorter, too.
 * @param {number} count
 * @param {{ columns: number, width: number, height: number }} tile
 * @param {{ width: number, height: number }} box
 * @param {number} gap
 * @returns {Layout}
 */
function place(count, { columns, width, height }, box, gap) {
  const rows = Math.ceil(count / columns);
  const total = rows * (height + gap) - gap;
  const top = Math.max(0, (box.height - total) / 2);
  const rects = Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns);
    const inRow = Math.min(columns, count - row * columns);
    const left = (box.width - inRow * (width + gap) + gap) / 2;
    return { x: left + (index % columns) * (width + gap), y: top + row * (height + gap), width, height };
  });
  return { rects, height: Math.max(box.height, total) };
}
