// @ts-check
/** The list of participants. */
import { announce, byId, fromTemplate, setText } from './dom.js';
import { hueOf, initials } from './names.js';

/** @typedef {{ sessionId: string, name: string, live: boolean, cut: boolean, own: boolean }} Person cut: a moderator has muted them */

export class People {
  #list = byId('people-list');
  /** @type {Map<string, HTMLElement>} by session */
  #rows = new Map();
  /** @type {Map<string, Person> | undefined} the last ones shown, to tell what changed */
  #known;
  #moderates = false;
  #onMenu;

  /** @param {{ onMenu: (person: Person, button: HTMLElement) => void }} handlers */
  constructor({ onMenu }) {
    this.#onMenu = onMenu;
  }

  /** @param {boolean} moderates whether there is a menu for each of the others */
  set moderates(moderates) {
    if (moderates === this.#moderates) return;
    this.#moderates = moderates;
    if (this.#known) this.show([...this.#known.values()]);
  }

  /** @param {Person[]} people */
  show(people) {
    const sorted = [...people].sort(
      (a, b) =>
        Number(b.own) - Number(a.own) || Number(b.live) - Number(a.live) || a.name.localeCompare(b.name),
    );
    const known = new Map(people.map((person) => [person.sessionId, person]));
    for (const [sessionId, row] of this.#rows) {
      if (known.has(sessionId)) continue;
      row.remove();
      this.#rows.delete(sessionId);
    }
    for (const person of sorted) this.#list.append(this.#row(person));
    setText(byId('people-count'), String(people.length));
    const live = people.filter((person) => person.live).length;
    setText(byId('room-count'), `${live === 0 ? 'Nobody' : live} live · ${people.length} here`);
    this.#tell(known);
    this.#known = known;
  }

  /** @param {Person} person */
  #row(person) {
    const row = this.#rows.get(person.sessionId) ?? fromTemplate('person-template');
    this.#rows.set(person.sessionId, row);
    row.dataset.user = person.name;
    row.style.setProperty('--hue', String(hueOf(person.name)));
    setText(row.querySelector('.avatar'), initials(person.name));
    setText(row.querySelector('.person-name'), person.name);
    const own = this.#moderates ? 'You · moderator' : 'You';
    setText(row.querySelector('.person-note'), person.own ? own : '');
    setText(row.querySelector('.presence'), person.cut ? 'Muted' : person.live ? 'Live' : 'Watching');
    row.dataset.live = String(person.live && !person.cut);
    const menu = row.querySelector('.person-menu');
    menu.hidden = !this.#moderates || person.own;
    menu.setAttribute('aria-label', `Moderate ${person.name}`);
    menu.onclick = () => this.#onMenu(person, menu);
    return row;
  }

  /** @param {Map<string, Person>} known */
  #tell(known) {
    if (!this.#known) return;
    for (const [sessionId, { name, live, own }] of known) {
      const before = this.#known.get(sessionId);
      if (own) continue;
      if (!before) announce(`${name} joined.`);
      else if (live !== before.live) announce(live ? `${name} is live.` : `${name} is no longer live.`);
    }
    for (const [sessionId, { name }] of this.#known) if (!known.has(sessionId)) announce(`${name} left.`);
  }
}
