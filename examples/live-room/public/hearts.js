// @ts-check
/** Hearts that rise over the videos, in a limited number; none if the user prefers reduced motion. */
import { byId } from './dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const MAX_AT_ONCE = 12;
const MAX_IN_THE_AIR = 40;
/** The time between two counts of the room; the hearts of one count are spread over it. */
const SPREAD_MS = 250;
const HUES = [350, 338, 6, 322, 18];

export class Hearts {
  #root = byId('hearts');
  #still = matchMedia('(prefers-reduced-motion: reduce)');

  /** @param {number} count of likes: of more than a handful only some are shown */
  rise(count) {
    if (this.#still.matches || document.hidden) return;
    const some = count <= 5 ? count : Math.min(MAX_AT_ONCE, 5 + Math.round(Math.log2(count - 4)));
    const free = MAX_IN_THE_AIR - this.#root.childElementCount;
    const shown = Math.max(0, Math.min(some, free));
    for (let index = 0; index < shown; index++) this.#release((index * SPREAD_MS) / shown);
  }

  clear() {
    this.#root.replaceChildren();
  }

  /** @param {number} delay ms */
  #release(delay) {
    const heart = document.createElementNS(SVG, 'svg');
    heart.append(document.createElementNS(SVG, 'use'));
    heart.firstElementChild?.setAttribute('href', '#i-heart');
    heart.classList.add('heart');
    heart.style.setProperty('--hue', String(HUES[Math.floor(Math.random() * HUES.length)]));
    this.#root.append(heart);
    const rise = this.#root.clientHeight * between(0.55, 0.92);
    const sway = between(8, 20) * (Math.random() < 0.5 ? -1 : 1);
    const start = between(-20, 10);
    const size = between(0.7, 1.25);
    const at = (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ scale) =>
      `translate(${start + x}px, ${-y}px) rotate(${x * 0.8}deg) scale(${scale * size})`;
    const flight = heart.animate(
      [
        { transform: at(0, 0, 0.2), opacity: 0 },
        { transform: at(sway * 0.4, rise * 0.12, 1.1), opacity: 1, offset: 0.12 },
        { transform: at(sway, rise * 0.4, 1), opacity: 1, offset: 0.4 },
        { transform: at(-sway, rise * 0.75, 0.95), opacity: 0.9, offset: 0.75 },
        { transform: at(0, rise, 0.8), opacity: 0 },
      ],
      { duration: between(2200, 3400), delay, easing: 'ease-out', fill: 'both' },
    );
    flight.onfinish = () => heart.remove();
  }
}

/** @param {number} low @param {number} high */
const between = (low, high) => low + Math.random() * (high - low);
