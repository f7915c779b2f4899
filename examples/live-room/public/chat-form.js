// @ts-check
/** Where one writes. What was not taken comes back into the field, with the reason, and the wait where there is one. */
import { byId, setText } from './dom.js';
import { describeRefusal, waitOf } from './status.js';

const NO_RIGHT = 'A moderator lets you read only.';

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
    this.#input.placeholder = this.#mayWrite ? 'Say something …' : 'You can read along';
    this.#button.disabled = waiting || !this.#mayWrite;
    const slow = `Slow down a little: you can write again in ${this.#seconds} s.`;
    setText(this.#notice, this.#mayWrite ? (waiting ? slow : '') : NO_RIGHT);
  }
}
