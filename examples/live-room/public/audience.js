// @ts-check
/** Finds everybody in a large room, page by page: its viewers are counted, and only some are listed. */
import { byId, setText } from './dom.js';
import { newRow, showPerson } from './person-row.js';
import { describeRefusal } from './status.js';

const PAGE_SIZE = 20;

/** @typedef {import('./person-row.js').Person} Person */
/** @typedef {{ participants: any[], cursor?: string, audience: { count: number } }} Page */

export class Audience {
  #section = byId('audience');
  #form = byId('audience-form');
  #list = byId('found-list');
  #more = byId('found-more');
  #note = byId('found-note');
  /** @type {Map<string, { person: Person, row: HTMLElement }>} of the page, by session */
  #found = new Map();
  /** @type {string | undefined} of the next page */
  #cursor;
  /** The text of the search that the page belongs to. */
  #query = '';
  /** Grows with each search and each visit: an answer to an earlier one is not shown. */
  #turn = 0;
  #moderates = false;
  #find;
  #toPerson;
  #onMenu;

  /**
   * @param {{ find: (query: object) => Promise<Page>, toPerson: (participant: any) => Person,
   *   onMenu: import('./person-row.js').OnMenu }} options find: client.findParticipants()
   */
  constructor({ find, toPerson, onMenu }) {
    this.#find = find;
    this.#toPerson = toPerson;
    this.#onMenu = onMenu;
    this.#form.onsubmit = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      this.#query = byId('audience-query').value.trim();
      this.#show(undefined);
    };
    this.#more.onclick = () => this.#show(this.#cursor);
  }

  /** @param {number} count of those who are not listed; without any, there is nothing to search */
  set count(count) {
    setText(byId('audience-count'), count.toLocaleString('en'));
    if (this.#section.hidden === (count === 0)) return;
    this.#section.hidden = count === 0;
    if (count > 0) return;
    this.clear();
    // The relay need not tell of the page any more.
    this.#find({ limit: 0 }).catch(() => {});
  }

  /** @param {boolean} moderates whether there is a menu for each person */
  set moderates(moderates) {
    this.#moderates = moderates;
    for (const { person, row } of this.#found.values()) this.#draw(person, row);
  }

  /** Another session begins: the relay has closed the page. */
  clear() {
    this.#turn += 1;
    this.#replace([]);
    this.#cursor = undefined;
    this.#more.hidden = true;
    setText(this.#note, '');
  }

  /** @param {{ updated?: any[], left?: string[] }} changes of people on the page */
  change({ updated = [], left = [] }) {
    for (const participant of updated) {
      const found = this.#found.get(participant.sessionId);
      if (!found) continue;
      found.person = this.#toPerson(participant);
      this.#draw(found.person, found.row);
    }
    for (const sessionId of left) {
      this.#found.get(sessionId)?.row.remove();
      this.#found.delete(sessionId);
    }
  }

  /** @param {string | undefined} cursor of the page to show; the first one without */
  async #show(cursor) {
    this.#turn += 1;
    const turn = this.#turn;
    const query = this.#query;
    setText(this.#note, 'Searching …');
    try {
      let next = cursor;
      /** @type {any[]} */
      let participants = [];
      // A page of a search may be empty although there are more.
      do {
        const page = await this.#find({
          query,
          limit: PAGE_SIZE,
          ...(next !== undefined && { cursor: next }),
        });
        if (turn !== this.#turn) return;
        participants = page.participants;
        next = page.cursor;
      } while (participants.length === 0 && next !== undefined);
      this.#cursor = next;
      this.#replace(participants);
      const isEnd = next === undefined;
      // The keyboard would lose its place with the button.
      if (isEnd && document.activeElement === this.#more) this.#list.focus();
      this.#more.hidden = isEnd;
      setText(this.#note, noteOf(participants.length, query, cursor === undefined, isEnd));
      this.#reveal();
    } catch (error) {
      if (turn === this.#turn) setText(this.#note, describeRefusal(error));
    }
  }

  /** Scrolls the people to the search, without moving the page. */
  #reveal() {
    const people = byId('people');
    people.scrollTop += this.#section.getBoundingClientRect().top - people.getBoundingClientRect().top;
  }

  /** @param {any[]} participants */
  #replace(participants) {
    this.#found = new Map(
      participants.map((each) => [each.sessionId, { person: this.#toPerson(each), row: newRow() }]),
    );
    for (const { person, row } of this.#found.values()) this.#draw(person, row);
    this.#list.replaceChildren(...[...this.#found.values()].map(({ row }) => row));
    this.#list.hidden = participants.length === 0;
  }

  /** @param {Person} person @param {HTMLElement} row */
  #draw(person, row) {
    row.dataset.testid = 'found';
    showPerson(row, person, { moderates: this.#moderates, onMenu: this.#onMenu });
  }
}

/** @param {number} count @param {string} query @param {boolean} isFirst @param {boolean} isLast */
function noteOf(count, query, isFirst, isLast) {
  const whose = query && ` for “${query}”`;
  if (count === 0) return isFirst ? `Nobody found${whose}.` : `No more people${whose}.`;
  const people = count === 1 ? '1 person' : `${count} people`;
  return `${isFirst ? people : `The next ${people}`}${whose}${isLast ? '' : '; there are more'}.`;
}
