// @ts-check
/** Shows the phase of a visit: the pill in the header, the banner, the trouble; and whether actions have a chance. */
import { Banner } from './banner.js';
import { byId, hideToast, setText } from './dom.js';
import { describePhase } from './status.js';
import { Trouble } from './trouble.js';

/** @typedef {import('./room.js').Phase} Phase */

/** Nothing to tell. @type {Phase} */
const NO_PHASE = { name: 'connected' };

export class PhaseView {
  #banner;
  #trouble;

  /** @param {{ isMoving: () => boolean | undefined, retry: () => void, leave: () => void }} options */
  constructor({ isMoving, retry, leave }) {
    this.#banner = new Banner({ isMoving });
    this.#trouble = new Trouble({ retry, leave });
  }

  /** @param {Phase} phase */
  show(phase) {
    const state = byId('state');
    state.dataset.state = phase.name;
    setText(state.querySelector('.words'), describePhase(phase));
    byId('room').dataset.phase = phase.name;
    if (phase.name === 'failed') closeDialogs();
    if (phase.name === 'failed' || phase.name === 'waiting') hideToast();
    const troubled = this.#trouble.show(phase);
    // The visit has ended, or not begun: there is nothing to see beside the reason.
    const never = 'entered' in phase && !phase.entered;
    byId('room').toggleAttribute('data-alone', phase.name === 'failed' || (troubled && never));
    this.#banner.show(troubled ? NO_PHASE : phase);
  }

  /** The visit is over, by this person's wish. */
  clear() {
    this.#banner.show(NO_PHASE);
    this.#trouble.show(NO_PHASE);
  }
}

/** @param {Phase} phase whether the relay takes requests */
export const isOnline = ({ name }) => name === 'connected' || name === 'restoring';

/** What they ask for is not possible any more. */
function closeDialogs() {
  for (const dialog of document.querySelectorAll('dialog')) dialog.close('');
  byId('menu').hidePopover();
}
