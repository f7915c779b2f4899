// @ts-check
/** A person in a list. */
import { paintAvatar } from './avatar.js';
import { fromTemplate, setText } from './dom.js';

/**
 * @typedef {{ sessionId: string, name: string, live: boolean, cut: boolean, own: boolean, away?: boolean,
 *   readOnly?: boolean }} Person cut: a moderator has muted them; readOnly: also in the chat; away: without a connection to the server at the moment
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
  const { name, live, cut, own, away, readOnly } = person;
  row.dataset.user = name;
  paintAvatar(row, name);
  setText(row.querySelector('.person-name'), name);
  const notes = [
    own && 'You',
    own && moderates && 'moderator',
    away && 'Reconnecting …',
    readOnly && 'Muted in the chat',
  ];
  setText(row.querySelector('.person-note'), notes.filter(Boolean).join(' · '));
  setText(row.querySelector('.presence'), cut ? 'Muted' : live ? 'Live' : 'Watching');
  row.dataset.live = String(live && !cut);
  const menu = row.querySelector('.person-menu');
  menu.hidden = !moderates || own;
  menu.setAttribute('aria-label', `Moderate ${name}`);
  menu.onclick = () => onMenu(person, menu);
}
