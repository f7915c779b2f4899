// @ts-check
/** A card over the videos, for a few seconds, that names a gift and its sender. */

import { hueOf } from './avatar.js';
import { byId, fromTemplate, setText } from './dom.js';
import { GIFTS } from './gift-list.js';

const SHOW_MS = 4500;
const LEAVE_MS = 300;
/** At a time; the others wait. */
const MAX_SHOWN = 3;
const MAX_WAITING = 50;

/** @typedef {{ giver: string, own: boolean, giftId: string, count: number }} Given */

export class GiftCards {
  #root = byId('gift-cards');
  /** @type {Map<string, { element: HTMLElement, count: number, timer: ReturnType<typeof setTimeout> }>} by giver and gift */
  #shown = new Map();
  /** @type {Given[]} */
  #waiting = [];

  /**
   * The same of the same person again counts up on the card that is there.
   * @param {Given} given
   */
  show(given) {
    const key = `${given.giftId} ${given.giver}`;
    const card = this.#shown.get(key);
    if (card) {
      card.count += given.count;
      this.#showCount(card.element, card.count);
      clearTimeout(card.timer);
      card.timer = setTimeout(() => this.#leave(key), SHOW_MS);
    } else if (this.#shown.size < MAX_SHOWN) {
      const element = this.#add(given);
      const timer = setTimeout(() => this.#leave(key), SHOW_MS);
      this.#shown.set(key, { element, count: given.count, timer });
    } else if (this.#waiting.length < MAX_WAITING) {
      this.#waiting.push(given);
    }
  }

  clear() {
    this.#waiting = [];
    for (const { timer } of this.#shown.values()) clearTimeout(timer);
    this.#shown.clear();
    this.#root.replaceChildren();
  }

  /** @param {Given} given */
  #add({ giver, own, giftId, count }) {
    const element = fromTemplate('gift-card-template');
    element.querySelector('use').setAttribute('href', `#g-${giftId}`);
    element.style.setProperty('--hue', String(hueOf(giver)));
    setText(element.querySelector('b'), own ? 'You' : giver);
    setText(element.querySelector('.gift-words span'), `gave ${phraseOf(giftId)}`);
    this.#showCount(element, count);
    this.#root.append(element);
    return element;
  }

  /** @param {HTMLElement} element @param {number} count */
  #showCount(element, count) {
    const times = /** @type {HTMLElement} */ (element.querySelector('.times'));
    times.hidden = count < 2;
    setText(times, `×${count}`);
    times.classList.remove('bump');
    void times.offsetWidth; // restarts the animation
    times.classList.add('bump');
  }

  /** @param {string} key */
  #leave(key) {
    const card = this.#shown.get(key);
    if (!card) return;
    card.element.classList.add('leaving');
    this.#shown.delete(key);
    setTimeout(() => {
      card.element.remove();
      const next = this.#waiting.shift();
      if (next) this.show(next);
    }, LEAVE_MS);
  }
}

/** @param {string} giftId */
export const phraseOf = (giftId) => GIFTS.find(({ id }) => id === giftId)?.phrase ?? 'something';
