// @ts-check
/** The list of participants, and how many there are. */
import { announce, byId, setText } from './dom.js';
import { newRow, showPerson } from './person-row.js';

/** In a larger room people come and go all the time. */
const MAX_TOLD = 12;

/** @typedef {import('./person-row.js').Person} Person */

export class People {
  #list = byId('people-list');
  /** @type {Map<string, HTMLElement>} by session */
  #rows = new Map();
  /** @type {Map<string, Person> | undefined} the last ones shown, to tell what changed */
  #known;
  #audience = 0;
  #moderates = false;
  #onMenu;

  /** @param {{ onMenu: import('./person-row.js').OnMenu }} handlers */
  constructor({ onMenu }) {
    this.#onMenu = onMenu;
  }

  /** @param {boolean} moderates whether there is a menu for each of the others */
  set moderates(moderates) {
    if (moderates === this.#moderates) return;
    this.#moderates = moderates;
    if (this.#known) this.show([...this.#known.values()], this.#audience);
  }

  clear() {
    this.show([], 0);
    this.#known = undefined;
    setText(byId('room-count'), '');
  }

  /** @param {Person[]} people @param {number} audience how many there are beside them */
  show(people, audience) {
    this.#audience = audience;
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
    const count = (people.length + audience).toLocaleString('en');
    setText(byId('people-count'), count);
    const live = people.filter(({ live, cut }) => live && !cut).length;
    setText(byId('room-count'), `${live === 0 ? 'Nobody' : live} live · ${count} here`);
    for (const { sessionId, name, live, own } of people) {
      const before = this.#known?.get(sessionId);
      if (!own && before && live !== before.live)
        announce(live ? `${name} is live.` : `${name} is no longer live.`);
    }
    this.#known = known;
  }

  /**
   * Tells who comes and goes. Who only moves between the list and the audience does neither.
   * @param {{ state: string, participant: { userId: string } }} change
   */
  tell({ state, participant: { userId } }) {
    if (this.#rows.size > MAX_TOLD) return;
    if (state === 'joined' || state === 'left') announce(`${userId} ${state}.`);
  }

  /** @param {Person} person */
  #row(person) {
    const row = this.#rows.get(person.sessionId) ?? newRow();
    this.#rows.set(person.sessionId, row);
    showPerson(row, person, { moderates: this.#moderates, onMenu: this.#onMenu });
    return row;
  }
}
