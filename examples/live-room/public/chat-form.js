// @ts-check
/** The chat's input. A refused message returns to the field, with the reason and the time to wait. */
import { announce, byId, setText } from './dom.js';
import { describeRefusal, waitOf } from './status.js';

const NO_RIGHT = 'A moderator has muted you in the chat: you can only read.';
const OFFLINE = 'Not connected: your message stays here until you can send it.';

export class ChatForm {
  #input = byId('chat-text');
  #button = byId('chat-form').querySelector('button');
  #notice = byId('chat-notice');
  #mayWrite = true;
  #online = false;
  /** Until the next message. */
  #seconds = 0;
  /** Why the last message was refused. */
  #refusal = '';
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
    this.#input.addEventListener('input', () => this.#show());
  }

  enter() {
    this.#wait(0);
    this.#mayWrite = true;
    this.#refusal = '';
    this.#input.value = '';
    this.#show();
  }

  /** @param {boolean} mayWrite */
  set mayWrite(mayWrite) {
    if (mayWrite === this.#mayWrite) return;
    this.#mayWrite = mayWrite;
    this.#show();
    announce(mayWrite ? 'You can write in the chat again.' : NO_RIGHT);
  }

  /** @param {boolean} online whether a message could be sent now */
  set online(online) {
    this.#online = online;
    this.#show();
  }

  get #canSend() {
    return this.#mayWrite && this.#online && this.#seconds === 0;
  }

  async #submit() {
    const text = this.#input.value.trim();
    if (!text || !this.#canSend) return;
    this.#input.value = '';
    this.#refusal = '';
    this.#show();
    try {
      await this.#send(text);
    } catch (error) {
      this.#input.value ||= text;
      const wait = waitOf(error);
      if (wait) this.#wait(wait);
      else this.#refusal = describeRefusal(error);
      this.#show();
      announce(this.#notice.textContent);
    }
  }

  /** @param {number} seconds */
  #wait(seconds) {
    clearInterval(this.#timer);
    this.#seconds = seconds;
    if (seconds === 0) return;
    this.#timer = setInterval(() => {
      this.#seconds--;
      if (this.#seconds === 0) clearInterval(this.#timer);
      this.#show();
    }, 1000);
  }

  #show() {
    this.#input.disabled = !this.#mayWrite;
    this.#input.placeholder = this.#mayWrite ? 'Write a message …' : 'You can only read';
    this.#button.disabled = !this.#canSend;
    setText(this.#notice, this.#words());
  }

  #words() {
    if (!this.#mayWrite) return NO_RIGHT;
    if (!this.#online) return this.#input.value ? OFFLINE : '';
    if (this.#seconds > 0) return `Slow down a little: you can write again in ${this.#seconds} s.`;
    return this.#refusal;
  }
}
