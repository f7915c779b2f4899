// @ts-check
/** One chat message. Its content is inserted as text, never as HTML. */
import { paintAvatar } from './avatar.js';
import { fromTemplate, setText } from './dom.js';

/** ms within which consecutive messages of one sender show the name once. */
const TOGETHER_MS = 2 * 60_000;
const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** @typedef {import('./chat.js').ChatMessage} ChatMessage */

export class MessageRow {
  /** What happened in the room; empty where somebody says something. */
  notice = '';
  #times = 1;

  /** @param {HTMLElement} element @param {{ id: string, at: number, sender: string, pending: boolean }} facts */
  constructor(element, { id, at, sender, pending }) {
    this.element = element;
    this.id = id;
    this.at = at;
    this.sender = sender;
    /** On its way to the room. */
    this.pending = pending;
  }

  /**
   * @param {ChatMessage} message with an empty id while it is on its way
   * @param {{ sender: string, own: boolean, onDelete: (id: string) => void }} options
   */
  static of(message, { sender, own, onDelete }) {
    const element = fromTemplate('message-template');
    const row = new MessageRow(element, { id: message.id, at: message.at, sender, pending: !message.id });
    element.classList.toggle('own', own);
    element.dataset.user = sender;
    paintAvatar(element, sender);
    setText(element.querySelector('.sender'), own ? 'You' : sender);
    element.querySelector('.message-delete').onclick = () => onDelete(row.id);
    row.#show(message);
    return row;
  }

  /** @param {string} text */
  static notice(text) {
    const element = document.createElement('li');
    element.className = 'notice';
    setText(element, text);
    const row = new MessageRow(element, { id: '', at: Date.now(), sender: '', pending: false });
    row.notice = text;
    return row;
  }

  /** The same has happened once more. */
  again() {
    this.#times++;
    setText(this.element, `${this.notice} ×${this.#times}`);
  }

  /** @param {ChatMessage} message as the room has it */
  confirm(message) {
    this.id = message.id;
    this.pending = false;
    this.#show(message);
  }

  /** @param {boolean} deletable by this person */
  set deletable(deletable) {
    this.element.classList.toggle('deletable', deletable);
    this.#showDelete();
  }

  /** @param {MessageRow | undefined} previous */
  follow(previous) {
    const together = previous && this.sender && previous.sender === this.sender;
    this.element.classList.toggle('follow', Boolean(together && this.at - previous.at < TOGETHER_MS));
  }

  /** @param {ChatMessage} message */
  #show({ data, at }) {
    this.element.classList.toggle('pending', this.pending);
    setText(this.#find('.words'), data.text);
    const time = /** @type {HTMLTimeElement} */ (this.#find('time'));
    time.dateTime = new Date(at).toISOString();
    setText(time, TIME.format(at));
    const remove = this.#find('.message-delete');
    remove.title = 'Delete this message';
    remove.setAttribute('aria-label', `Delete the message of ${this.sender}: ${data.text.slice(0, 40)}`);
    this.#showDelete();
  }

  #showDelete() {
    const button = this.element.querySelector('.message-delete');
    button?.toggleAttribute('hidden', this.pending || !this.element.classList.contains('deletable'));
  }

  /** @param {string} selector @returns {HTMLElement} */
  #find(selector) {
    return /** @type {HTMLElement} */ (this.element.querySelector(selector));
  }
}
