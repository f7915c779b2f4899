// @ts-check
/** A person in a list. */
import { fromTemplate, setText } from './dom.js';
import { hueOf, initials } from './names.js';

/**
 * @typedef {{ sessionId: string, name: string, live: boolean, cut: boolean, own: boolean, away?: boolean }} Person
 *   cut: a moderator has muted them; away: without a connection to the server at the moment
 */
/** @typedef {(person: Person, button: HTMLElement) => void} OnMenu */

/** @returns {HTMLElement} */
export const newRow = () => fromTemplate('person-template');

/**
 * @param {any} row
 * @param {Person} person
 * @param {{ moderates: boolean, onMenu: OnMenu }} options moderates: whether there is a menu
 */
export function showPerson(row, person, { moderates, onMenu }) {
  const { name, live, cut, own, away } = person;
  row.dataset.user = name;
  row.style.setProperty('--hue', String(hueOf(name)));
  setText(row.querySelector('.avatar'), initials(name));
  setText(row.querySelector('.person-name'), name);
  const note = own ? (moderates ? 'You · moderator' : 'You') : '';
  setText(row.querySelector('.person-note'), away ? 'Reconnecting …' : note);
  setText(row.querySelector('.presence'), cut ? 'Muted' : live ? 'Live' : 'Watching');
  row.dataset.live = String(live && !cut);
  const menu = row.querySelector('.person-menu');
  menu.hidden = !moderates || own;
  menu.setAttribute('aria-label', `Moderate ${name}`);
  menu.onclick = () => onMenu(person, menu);
}
