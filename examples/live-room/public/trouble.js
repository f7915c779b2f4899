// @ts-check
/** Why this person is not in the room, and what they can do: the only thing on the page once a visit has ended. */
import { byId, setText } from './dom.js';
import { describeProblem } from './status.js';

/** @typedef {import('./room.js').Phase} Phase */

export class Trouble {
  #root = byId('error');
  #first = byId('error-first');
  #second = byId('error-second');
  #actions;

  /** @param {{ retry: () => void, leave: () => void }} actions */
  constructor(actions) {
    this.#actions = actions;
  }

  /** Whether the next attempt is waited for, or on its way. */
  #isRetrying = false;

  /** @param {Phase} phase @returns {boolean} whether there is trouble */
  show(phase) {
    const countdown = this.#root.querySelector('.countdown');
    this.#isRetrying = phase.name === 'waiting' || (this.#isRetrying && phase.name === 'connecting');
    this.#root.hidden = !(this.#isRetrying || phase.name === 'failed');
    if (phase.name === 'connecting') setText(countdown, 'Trying now …');
    if (phase.name !== 'waiting' && phase.name !== 'failed') return this.#isRetrying;
    const { title, text, way } = describeProblem(phase.problem, phase);
    setText(byId('error-title'), title);
    setText(this.#root.querySelector('.text'), text);
    countdown.hidden = phase.name !== 'waiting';
    if (phase.name === 'waiting') setText(countdown, `Trying again in ${phase.seconds} s`);
    const { retry, leave } = this.#actions;
    const again = { label: phase.name === 'waiting' ? 'Try now' : 'Join again', run: retry };
    const back = { label: 'Back to the start', run: leave };
    const token = { label: 'Sign a new token', run: () => location.assign('/token/') };
    const [first, second] = { again: [again, back], back: [back, again], over: [back], token: [token, back] }[
      way
    ];
    put(this.#first, first);
    put(this.#second, second);
    if (phase.name === 'failed') this.#first.focus();
    return true;
  }
}

/** @param {HTMLElement} button @param {{ label: string, run: () => void } | undefined} action */
function put(button, action) {
  button.hidden = !action;
  setText(button, action?.label ?? '');
  button.onclick = () => action?.run();
}
