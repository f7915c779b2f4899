// @ts-check
/** Bars above the videos that stay for as long as what they say is true. */
import { announce, byId } from './dom.js';

export class Notices {
  #cut = byId('cut');
  #reloaded = byId('reloaded');

  /** @param {{ goLive: () => void }} handlers */
  constructor({ goLive }) {
    byId('live-again').onclick = goLive;
    byId('not-again').onclick = () => {
      this.reloaded = false;
    };
  }

  /** @param {boolean} cut whether a moderator has muted what this person sends */
  set cut(cut) {
    if (cut === !this.#cut.hidden) return;
    this.#cut.hidden = !cut;
    announce(cut ? this.#cut.textContent.trim() : 'A moderator has unmuted you.');
  }

  /** @param {boolean} reloaded whether this person was live before a reload, and is not yet again */
  set reloaded(reloaded) {
    this.#reloaded.hidden = !reloaded;
  }

  clear() {
    this.#cut.hidden = true;
    this.#reloaded.hidden = true;
  }
}
