// @ts-check
/** Whether a visit has a chance: asks the server for the SFU, and again by itself. */
import { announce, byId, setText } from './dom.js';

/** While all is well, and while it is not. */
const AGAIN_AFTER_S = { ready: 30, down: 5, gone: 5 };

const WORDS = {
  ready: 'Relay and SFU are ready',
  down: 'The relay is running, but the SFU can’t be reached',
  gone: 'The server can’t be reached',
};

export class Health {
  #root = byId('health');
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  /** Grows with each question: an answer to an earlier one is not shown. */
  #turn = 0;

  async start() {
    this.stop();
    const turn = this.#turn;
    const response = await fetch('/healthz').catch(() => undefined);
    if (turn !== this.#turn) return;
    // Not every example has this address.
    this.#root.hidden = response?.status === 404;
    if (this.#root.hidden) return;
    const state = response?.ok ? 'ready' : response ? 'down' : 'gone';
    if (state !== 'ready' && this.#root.dataset.state !== state) announce(`${WORDS[state]}.`);
    this.#root.dataset.state = state;
    setText(this.#root.querySelector('.words'), WORDS[state]);
    let seconds = AGAIN_AFTER_S[state];
    const tick = () => {
      if (seconds <= 0) return this.start();
      setText(
        this.#root.querySelector('.countdown'),
        state === 'ready' ? '' : `· asking again in ${seconds} s`,
      );
      seconds--;
    };
    this.#timer = setInterval(tick, 1000);
    tick();
  }

  stop() {
    this.#turn++;
    clearInterval(this.#timer);
  }
}
