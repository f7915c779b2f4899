// @ts-check
/** The bar above the videos while the connection or the media is interrupted: what is missing, and for how long. */
import { announce, byId, setText } from './dom.js';

const TICK_MS = 1000;
const NO_SERVER = 'No connection to the server';

/** @typedef {import('./room.js').Phase} Phase */

export class Banner {
  #root = byId('banner');
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  /** ms of performance.now(), since when the bar is there. @type {number | undefined} */
  #since;
  #isMoving;

  /** @param {{ isMoving: () => boolean | undefined }} options whether videos have moved since it was asked; undefined without videos */
  constructor({ isMoving }) {
    this.#isMoving = isMoving;
  }

  /** @param {Phase} phase */
  show(phase) {
    clearInterval(this.#timer);
    const tell = this.#wordsOf(phase);
    this.#root.hidden = !tell;
    this.#since = tell && (this.#since ?? performance.now());
    if (!tell) return;
    const draw = () => {
      const [words, countdown] = tell();
      setText(byId('banner-words'), words);
      setText(byId('banner-countdown'), countdown);
    };
    this.#isMoving();
    draw();
    // Once: a countdown that is read aloud each second leaves no room for anything else.
    announce(this.#root.textContent.trim());
    this.#timer = setInterval(draw, TICK_MS);
  }

  /** @param {Phase} phase @returns {(() => [words: string, countdown: string]) | undefined} */
  #wordsOf(phase) {
    if (phase.name === 'restoring' && phase.nodeFailed)
      return () => ['The SFU node failed: reconnecting…', ''];
    const start = performance.now();
    const passed = () => secondsSince(start);
    if (phase.name === 'connecting' && phase.entered)
      return () => [
        `${NO_SERVER}: joining the room again.`,
        `Away for ${secondsSince(this.#since ?? start)} s`,
      ];
    if (phase.name !== 'interrupted') return undefined;
    const seconds = Math.round(phase.graceMs / 1000);
    let videos = '';
    return () => {
      if (passed() > 0) {
        const moving = this.#isMoving();
        videos = moving === undefined ? '' : moving ? ' The videos go on.' : ' The videos have stopped.';
      }
      return [
        `${NO_SERVER}: trying again.${videos}`,
        `Your place is kept for ${Math.max(0, seconds - passed())} s`,
      ];
    };
  }
}

/** @param {import('./room.js').Resumed} facts */
export function phraseOfResumed({ downMs, kept: { sent, received }, snapshot }) {
  const seconds = Math.max(1, Math.round(downMs / 1000));
  const what = snapshot
    ? 'The room is up to date.'
    : `Nothing is lost: ${messages(received)} caught up, ${messages(sent)} sent again.`;
  return `Connected again after ${seconds} s. ${what}`;
}

/** @param {number} start ms of performance.now() */
const secondsSince = (start) => Math.floor((performance.now() - start) / 1000);

/** @param {number} count */
const messages = (count) => `${count} message${count === 1 ? '' : 's'}`;
