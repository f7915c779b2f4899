// @ts-check
/** The panel beside the videos; on a narrow page a sheet over them, which shows one of its sections. */
import { byId, setText } from './dom.js';

/** The sections, and their titles. */
const TITLES = { people: 'People', chat: 'Chat', stats: 'Connection', '': '' };

/** @typedef {keyof typeof TITLES} Section */

export class Panel {
  #root = byId('room');
  #onOpen;

  /** @param {{ onOpen: (section: Section) => void }} handlers */
  constructor({ onOpen }) {
    this.#onOpen = onOpen;
    for (const section of /** @type {const} */ (['people', 'chat', 'stats']))
      byId(`show-${section}`).onclick = () => this.#show(this.#section === section ? '' : section);
    byId('panel-close').onclick = () => this.close();
    addEventListener('keydown', ({ key }) => key === 'Escape' && this.close());
    byId('stats-more').onclick = () => {
      const open = byId('stats').classList.toggle('open');
      byId('stats-more').setAttribute('aria-expanded', String(open));
    };
  }

  /** The focus goes back to the button that has opened it. */
  close() {
    const section = this.#section;
    if (!section) return;
    this.#show('');
    byId(`show-${section}`).focus();
  }

  /** @returns {Section} */
  get #section() {
    return this.#root.dataset.panel;
  }

  /** @param {Section} section */
  #show(section) {
    this.#root.dataset.panel = section;
    setText(byId('panel-title'), TITLES[section]);
    for (const name of ['people', 'chat', 'stats'])
      byId(`show-${name}`).setAttribute('aria-expanded', String(name === section));
    if (!section) return;
    byId('panel-close').focus();
    this.#onOpen(section);
  }
}
