// @ts-check
/** Says that the connection to the server is lost while the video goes on: how long the session waits, and what was kept. */
import { byId, setText, toast } from './dom.js';

/**
 * @typedef {{ state: 'interrupted', reason: string, graceMs: number }
 *   | { state: 'resumed', downMs: number, kept: { sent: number, received: number }, snapshot: boolean }
 *   | { state: 'lost', reason: string }} ConnectionChange the event `connection` of sfu-relay/client
 */

export class ConnectionBanner {
  #root = byId('connection');
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /** @param {ConnectionChange} change */
  show(change) {
    this.hide();
    if (change.state === 'interrupted') this.#countDown(change.graceMs);
    if (change.state === 'resumed') toast(phraseOf(change));
  }

  hide() {
    clearInterval(this.#timer);
    this.#root.hidden = true;
  }

  /** @param {number} graceMs */
  #countDown(graceMs) {
    const end = performance.now() + graceMs;
    const tell = () => {
      const seconds = Math.max(0, Math.ceil((end - performance.now()) / 1000));
      setText(
        byId('connection-words'),
        `No connection to the server. The video goes on, your place is kept for ${seconds} s`,
      );
    };
    tell();
    this.#timer = setInterval(tell, 250);
    this.#root.hidden = false;
  }
}

/** @param {number} count */
const messages = (count) => `${count} message${count === 1 ? '' : 's'}`;

/** @param {Extract<ConnectionChange, { state: 'resumed' }>} change */
function phraseOf({ downMs, kept: { sent, received }, snapshot }) {
  const seconds = Math.max(1, Math.round(downMs / 1000));
  const what = snapshot
    ? 'The room is up to date.'
    : `Nothing is lost: ${messages(received)} caught up, ${messages(sent)} sent again.`;
  return `Connected again after ${seconds} s. ${what}`;
}
