// @ts-check
/** The gift bar: a click sends a gift, and the button shows when the room has received it. */
import { announce, byId, fromTemplate, setText } from './dom.js';
import { GIFTS } from './gift-list.js';

const SHOW_GIVEN_MS = 1500;

export class Gifts {
  #bar = byId('gifts');
  #toggle = byId('show-gifts');
  #give;
  #onRefused;

  /**
   * @param {{ give: (giftId: string) => Promise<unknown>, onRefused: (error: unknown) => void }} handlers
   *   give: resolves when the relay has acknowledged it
   */
  constructor({ give, onRefused }) {
    this.#give = give;
    this.#onRefused = onRefused;
    this.#bar.replaceChildren(...GIFTS.map((gift) => this.#button(gift)));
    this.#toggle.onclick = () => this.#open(!this.#isOpen);
    document.addEventListener('pointerdown', ({ target }) => {
      const inside = /** @type {Element} */ (target).closest('#gifts, #show-gifts');
      if (!inside && this.#isOpen) this.#open(false);
    });
    this.#bar.addEventListener('keydown', (/** @type {KeyboardEvent} */ { key }) => {
      if (key !== 'Escape' || !this.#isOpen) return;
      this.#open(false);
      this.#toggle.focus();
    });
  }

  get #isOpen() {
    return this.#toggle.getAttribute('aria-expanded') === 'true';
  }

  /** @param {boolean} open shown above the bar, where the page is too narrow for all */
  #open(open) {
    this.#toggle.setAttribute('aria-expanded', String(open));
    this.#bar.classList.toggle('open', open);
  }

  /** @param {import('./gift-list.js').Gift} gift */
  #button(gift) {
    const button = fromTemplate('gift-template');
    button.querySelector('use').setAttribute('href', `#g-${gift.id}`);
    button.dataset.testid = `gift-${gift.id}`;
    setText(button.querySelector('.gift-name'), gift.name);
    button.title = `Give ${gift.phrase}`;
    button.setAttribute('aria-label', button.title);
    button.onclick = () => this.#click(gift, button);
    return button;
  }

  /** @param {import('./gift-list.js').Gift} gift @param {HTMLElement} button */
  async #click({ id, name }, button) {
    button.dataset.state = 'giving';
    try {
      await this.#give(id);
      button.dataset.state = 'given';
      announce(`${name} given.`);
      setTimeout(() => {
        if (button.dataset.state === 'given') button.dataset.state = '';
      }, SHOW_GIVEN_MS);
    } catch (error) {
      button.dataset.state = '';
      this.#onRefused(error);
    }
  }
}
