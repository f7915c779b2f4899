// @ts-check
/** The chat's input. A refused message returns to the field, with the reason and the time to wait. */
import { byId, setText } from './dom.js';
import { describeRefusal, waitOf } from './status.js';

const NO_RIGHT = 'A moderator has muted you in the chat.';

export class ChatForm {
  #input = byId('chat-text');
  #button = byId('chat-form').querySelector('button');
  #notice = byId('chat-notice');
  #mayWrite = true;
  #seconds = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  #send;

  /** @param {{ send: (text: string) => Promise<void> }} handlers rejects where the room does not take it */
  constructor({ send }) {
    this.#send = send;
    byId('chat-form').addEventListener('submit', (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  enter() {
    clearInterval(this.#timer);
    this.#seconds = 0;
    this.#mayWrite = true;
    this.#input.value = '';
    this.#show();
  }

  /** @param {boolean} mayWrite */
  set mayWrite(mayWrite) {
    if (mayWrite === this.#mayWrite) return;
    this.#mayWrite = mayWrite;
    this.#show();
  }

  async #submit() {
    const text = this.#input.value.trim();
    if (!text || this.#seconds > 0) return;
    this.#input.value = '';
    setText(this.#notice, '');
    try {
      await this.#send(text);
    } catch (error) {
      this.#input.value ||= text;
      this.#refused(error);
    }
  }

  /** @param {unknown} error */
  #refused(error) {
    const wait = waitOf(error);
    if (!wait) return setText(this.#notice, describeRefusal(error));
    clearInterval(this.#timer);
    this.#seconds = wait;
    this.#timer = setInterval(() => {
      this.#seconds--;
      if (this.#seconds <= 0) clearInterval(this.#timer);
      this.#show();
    }, 1000);
    this.#show();
  }

  #show() {
    const waiting = this.#seconds > 0;
    this.#input.disabled = !this.#mayWrite;
    this.#input.placeholder = this.#mayWrite ? 'Write a message …' : 'You can only read';
    this.#button.disabled = waiting || !this.#mayWrite;
    const slow = `Slow down a little: you can write again in ${this.#seconds} s.`;
    setText(this.#notice, this.#mayWrite ? (waiting ? slow : '') : NO_RIGHT);
  }
}
