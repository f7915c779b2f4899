// @ts-check
/** A chart of the last minute, drawn by hand: it moves evenly, also between two reports. */
import { fromTemplate, setText } from './dom.js';

const WINDOW_MS = 60_000;
/** The right edge is this old, so that the newest point comes in from outside instead of appearing. */
const EDGE_MS = 1_100;
/** No line over a longer silence than this. */
const GAP_MS = 4_000;
/** Room for the scale's label, CSS px. */
const LABEL_HEIGHT = 17;

/**
 * @typedef {{ name: string, color: string, dashed?: boolean }} Series color: a CSS custom property
 * @typedef {{ at: number, values: number[] }} Point at: ms, performance.now()
 */

export class Chart {
  /** @type {Point[]} */
  #points = [];
  #canvas;
  #context;
  #output;
  #label;
  #series;
  #format;
  #floor;
  /** Of the value at the top: the wanted one, and the one shown on the way to it. */
  #top;
  #scale;
  #font = '';
  /** @type {string[]} */
  #colors = [];
  /** @type {number | undefined} where the pointer is, CSS px */
  #pointer;
  #size = { width: 0, height: 0 };

  /**
   * @param {HTMLElement} root
   * @param {{ label: string, series: Series[], format: (value: number) => string, floor: number }} options
   *   floor: the least value at the top of the chart
   */
  constructor(root, { label, series, format, floor }) {
    const figure = fromTemplate('chart-template');
    this.element = figure;
    this.#canvas = figure.querySelector('canvas');
    this.#context = this.#canvas.getContext('2d');
    this.#output = figure.querySelector('output');
    this.#label = label;
    this.#series = series;
    this.#format = format;
    this.#floor = floor;
    this.#top = floor;
    this.#scale = floor;
    setText(figure.querySelector('.label'), label);
    this.#buildOutput();
    root.append(figure);
    new ResizeObserver(() => this.#resize()).observe(this.#canvas);
    this.#canvas.addEventListener('pointermove', (/** @type {PointerEvent} */ event) => {
      this.#pointer = event.offsetX;
    });
    this.#canvas.addEventListener('pointerleave', () => {
      this.#pointer = undefined;
      this.#showValues(this.#points.at(-1)?.values);
    });
  }

  /** @param {number[]} values one of each series */
  push(values) {
    const at = performance.now();
    this.#points.push({ at, values });
    while (this.#points.length > 2 && this.#points[1].at < at - WINDOW_MS - EDGE_MS) this.#points.shift();
    this.#top = this.#roundTop();
    if (this.#pointer === undefined) this.#showValues(values);
    this.#readColors();
  }

  /** There are no figures at present. */
  pause() {
    this.#showValues(undefined);
  }

  clear() {
    this.#points = [];
    this.pause();
  }

  /** One frame. */
  draw() {
    const { width, height } = this.#size;
    if (width === 0) return;
    const context = this.#context;
    const ratio = devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const edge = performance.now() - EDGE_MS;
    this.#scale += (this.#top - this.#scale) * 0.2;
    const area = { left: 0, right: width - 4, top: LABEL_HEIGHT, bottom: height - 2 };
    const x = (/** @type {number} */ at) => area.right - ((edge - at) / WINDOW_MS) * (area.right - area.left);
    const y = (/** @type {number} */ value) => area.bottom - (value / this.#scale) * (area.bottom - area.top);
    this.#drawGrid(area);
    context.save();
    context.beginPath();
    context.rect(0, 0, area.right, height);
    context.clip();
    for (const index of this.#series.keys()) this.#drawLine(index, x, y, area.bottom);
    context.restore();
    this.#drawHeads(edge, area.right, y);
    this.#drawReadout(x, area);
  }

  /** Read again and again, for the color scheme may change. */
  #readColors() {
    const style = getComputedStyle(this.element);
    this.#font = `11px ${style.fontFamily}`;
    const names = [...this.#series.map(({ color }) => color), '--line', '--muted'];
    this.#colors = names.map((name) => style.getPropertyValue(name).trim());
  }

  #buildOutput() {
    for (const { name, color, dashed } of this.#series) {
      const item = document.createElement('span');
      item.className = 'value';
      item.style.setProperty('--color', `var(${color})`);
      if (this.#series.length > 1) {
        const key = document.createElement('i');
        key.className = dashed ? 'key dashed' : 'key';
        const words = document.createElement('small');
        words.textContent = name;
        item.append(key, words);
      }
      item.append(document.createElement('b'));
      this.#output.append(item);
    }
    this.#showValues(undefined);
  }

  /** @param {number[] | undefined} values */
  #showValues(values) {
    const texts = this.#series.map((_, index) => (values ? this.#format(values[index]) : '—'));
    for (const [index, element] of [...this.#output.querySelectorAll('b')].entries())
      setText(element, texts[index]);
    const now = this.#series.map(({ name }, index) =>
      texts.length > 1 ? `${name} ${texts[index]}` : texts[index],
    );
    this.#canvas.setAttribute('aria-label', `${this.#label}, the last 60 seconds. Now: ${now.join(', ')}.`);
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    this.#size = { width, height };
    this.#canvas.width = Math.round(width * devicePixelRatio);
    this.#canvas.height = Math.round(height * devicePixelRatio);
    this.#readColors();
    this.draw();
  }

  /** The value at the top: a round one over all that is shown. */
  #roundTop() {
    const highest = Math.max(this.#floor, ...this.#points.flatMap(({ values }) => values)) * 1.08;
    const power = 10 ** Math.floor(Math.log10(highest));
    return ([1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((step) => step * power >= highest) ?? 10) * power;
  }

  /** @param {{ left: number, right: number, top: number, bottom: number }} area */
  #drawGrid({ left, right, top, bottom }) {
    const context = this.#context;
    const [line, text] = this.#colors.slice(-2);
    context.strokeStyle = line ?? 'transparent';
    context.lineWidth = 1;
    context.beginPath();
    for (const height of [top, (top + bottom) / 2, bottom]) {
      context.moveTo(left, Math.round(height) + 0.5);
      context.lineTo(right, Math.round(height) + 0.5);
    }
    context.stroke();
    if (this.#points.length === 0) return;
    context.font = this.#font;
    context.fillStyle = text ?? 'transparent';
    context.textBaseline = 'bottom';
    context.fillText(this.#format(this.#top), left, top - 2);
  }

  /**
   * @param {number} index
   * @param {(at: number) => number} x
   * @param {(value: number) => number} y
   * @param {number} bottom
   */
  #drawLine(index, x, y, bottom) {
    const context = this.#context;
    const color = this.#colors[index] ?? '';
    for (const run of this.#runs()) {
      const line = new Path2D();
      for (const [n, { at, values }] of run.entries()) {
        const [px, py] = [x(at), y(values[index])];
        if (n === 0) line.moveTo(px, py);
        else {
          const before = run[n - 1];
          const middle = (x(before.at) + px) / 2;
          line.bezierCurveTo(middle, y(before.values[index]), middle, py, px, py);
        }
      }
      if (index === 0) {
        const area = new Path2D(line);
        area.lineTo(x(run[run.length - 1].at), bottom);
        area.lineTo(x(run[0].at), bottom);
        context.globalAlpha = 0.13;
        context.fillStyle = color;
        context.fill(area);
        context.globalAlpha = 1;
      }
      context.strokeStyle = color;
      context.lineWidth = 2;
      context.lineJoin = 'round';
      context.setLineDash(this.#series[index].dashed ? [4, 4] : []);
      context.stroke(line);
      context.setLineDash([]);
    }
  }

  /**
   * The dot where the lines come in.
   * @param {number} edge
   * @param {number} right
   * @param {(value: number) => number} y
   */
  #drawHeads(edge, right, y) {
    const next = this.#points.findIndex(({ at }) => at >= edge);
    if (next < 1 || this.#points[next].at - this.#points[next - 1].at > GAP_MS) return;
    const [a, b] = [this.#points[next - 1], this.#points[next]];
    const eased = curve((edge - a.at) / (b.at - a.at));
    for (const index of this.#series.keys()) {
      this.#context.fillStyle = this.#colors[index];
      this.#context.beginPath();
      this.#context.arc(
        right,
        y(a.values[index] + (b.values[index] - a.values[index]) * eased),
        3,
        0,
        2 * Math.PI,
      );
      this.#context.fill();
    }
  }

  /**
   * The values under the pointer.
   * @param {(at: number) => number} x
   * @param {{ top: number, bottom: number }} area
   */
  #drawReadout(x, { top, bottom }) {
    const pointer = this.#pointer;
    if (pointer === undefined || this.#points.length === 0) return;
    const nearest = this.#points.reduce((a, b) =>
      Math.abs(x(b.at) - pointer) < Math.abs(x(a.at) - pointer) ? b : a,
    );
    this.#showValues(nearest.values);
    this.#context.strokeStyle = this.#colors[this.#colors.length - 1];
    this.#context.lineWidth = 1;
    this.#context.beginPath();
    this.#context.moveTo(Math.round(x(nearest.at)) + 0.5, top);
    this.#context.lineTo(Math.round(x(nearest.at)) + 0.5, bottom);
    this.#context.stroke();
  }

  /** The points, cut where there was silence. */
  #runs() {
    /** @type {Point[][]} */
    const runs = [];
    for (const point of this.#points) {
      const run = runs.at(-1);
      const last = run?.at(-1);
      if (run && last && point.at - last.at <= GAP_MS) run.push(point);
      else runs.push([point]);
    }
    return runs;
  }
}

/**
 * How far the line's curve has come, at a part of the way (both 0–1): its Bézier, solved by Newton's method.
 * @param {number} part
 */
function curve(part) {
  let t = part;
  for (let step = 0; step < 4; step++)
    t -= (1.5 * t - 1.5 * t * t + t ** 3 - part) / (1.5 - 3 * t + 3 * t * t);
  return t * t * (3 - 2 * t);
}
