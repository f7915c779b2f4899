// @ts-check
/** The next attempt to enter a room: after how long, and the seconds until then. */

const AFTER_SECONDS = [1, 2, 4, 8, 15];

export class Retry {
  #onSecond;
  #onRetry;
  #failures = 0;
  /** Not before this, ms of performance.now(). */
  #earliest = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /** @param {{ onSecond: (seconds: number) => void, onRetry: () => void }} handlers onSecond: so many are left */
  constructor({ onSecond, onRetry }) {
    this.#onSecond = onSecond;
    this.#onRetry = onRetry;
  }

  /** @param {number} ms the relay has asked for a pause of this length */
  notWithin(ms) {
    this.#earliest = performance.now() + ms;
  }

  start() {
    this.stop();
    const backoff = AFTER_SECONDS[Math.min(this.#failures++, AFTER_SECONDS.length - 1)];
    const asked = Math.ceil((this.#earliest - performance.now()) / 1000);
    let seconds = Math.max(backoff, asked);
    const tick = () => {
      if (seconds <= 0) {
        this.stop();
        this.#onRetry();
      } else this.#onSecond(seconds--);
    };
    this.#timer = setInterval(tick, 1000);
    tick();
  }

  stop() {
    clearInterval(this.#timer);
  }

  /** The next failure is the first one again. */
  reset() {
    this.#failures = 0;
  }
}
