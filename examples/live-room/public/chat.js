// @ts-check
/** The chat: messages, the input, and the count of unread messages. */
import { ChatForm } from './chat-form.js';
import { byId, setText } from './dom.js';
import { MessageRow } from './message-row.js';

const MAX_ROWS = 200;
/** px from the end that still count as the end. */
const NEAR = 60;

/** @typedef {{ id: string, from?: { sessionId: string, userId: string }, data: { text: string }, at: number }} ChatMessage */

export class Chat {
  #scroll = byId('chat-scroll');
  #list = byId('chat-list');
  #below = byId('chat-below');
  /** @type {MessageRow[]} as on the page */
  #rows = [];
  #unread = 0;
  #name = '';
  #moderates = false;
  #onDelete;
  #form;

  /**
   * @param {{ send: (text: string) => Promise<{ id?: string }>, remove: (id: string) => void }} handlers
   *   send: resolves when the relay has acknowledged it
   */
  constructor({ send, remove }) {
    this.#onDelete = remove;
    this.#form = new ChatForm({ send: (text) => this.#say(text, send) });
    this.#below.onclick = () => this.toEnd();
    this.#scroll.addEventListener('scroll', () => this.#isReading && this.#read());
    new ResizeObserver(() => this.#isFollowing && this.toEnd()).observe(this.#scroll);
  }

  /** @param {string} name one's own */
  enter(name) {
    this.#name = name;
    this.clear();
    this.#form.enter();
  }

  clear() {
    this.#rows = [];
    this.#list.replaceChildren();
    this.#read();
    setText(byId('chat-newest'), 'Chat');
    this.#showEmpty();
  }

  /** @param {boolean} mayWrite */
  set mayWrite(mayWrite) {
    this.#form.mayWrite = mayWrite;
  }

  /** @param {boolean} online whether a message could be sent now */
  set online(online) {
    this.#form.online = online;
  }

  /** @param {boolean} moderates may delete */
  set moderates(moderates) {
    this.#moderates = moderates;
    for (const row of this.#rows) row.deletable = moderates;
  }

  /**
   * @param {ChatMessage} message
   * @param {{ own: boolean, old: boolean }} facts own: of this very page; old: from before one came in
   */
  add(message, { own, old }) {
    if (this.#find(message.id)) return;
    // Screen readers do not announce the history one by one.
    this.#scroll.setAttribute('aria-live', old ? 'off' : 'polite');
    // Own messages come back in the order in which they were sent.
    const sent = own ? this.#rows.find((row) => row.pending) : undefined;
    if (sent) sent.confirm(message);
    else this.#append(this.#row(message), own || old);
    if (old) this.toEnd();
    const [firstName] = (message.from?.userId ?? '').split(' ');
    setText(byId('chat-newest'), `${own ? 'You' : firstName}: ${message.data.text}`);
  }

  /**
   * What the room remembers, after each join: what is missing in it was deleted while we were away.
   * @param {{ id: string, at: number }[]} history
   */
  remember(history) {
    const [oldest, newest] = [history.at(0)?.at ?? 0, history.at(-1)?.at ?? 0];
    const ids = new Set(history.map(({ id }) => id));
    for (const { id, at } of [...this.#rows])
      if (id && at >= oldest && at <= newest && !ids.has(id)) this.delete(id);
  }

  /** @param {string} text what happened in the room */
  tell(text) {
    const last = this.#rows.at(-1);
    if (last?.notice === text) last.again();
    else this.#append(MessageRow.notice(text), true);
  }

  /** @param {string} id */
  delete(id) {
    const row = this.#find(id);
    if (!row) return;
    this.#drop(row);
    setText(byId('chat-newest'), 'Chat');
  }

  /** @param {string} text @param {(text: string) => Promise<{ id?: string }>} send */
  async #say(text, send) {
    const row = this.#row({ id: '', data: { text }, at: Date.now() });
    this.#append(row, true);
    this.toEnd();
    try {
      await send(text);
    } catch (error) {
      this.#drop(row);
      throw error;
    }
  }

  /** @param {ChatMessage} message with an empty id while it is on its way */
  #row(message) {
    const row = MessageRow.of(message, {
      sender: message.id ? (message.from?.userId ?? 'The server') : this.#name,
      own: message.id ? message.from?.userId === this.#name : true,
      onDelete: this.#onDelete,
    });
    row.deletable = this.#moderates;
    return row;
  }

  /** @param {string} id */
  #find(id) {
    return this.#rows.find((row) => row.id === id);
  }

  /** @param {MessageRow} row @param {boolean} own nothing that one has to be told of */
  #append(row, own) {
    const follow = this.#isReading;
    this.#put(row);
    if (follow) this.toEnd();
    else if (!own) this.#showUnread(this.#unread + 1);
  }

  /** @param {MessageRow} row at its place in time */
  #put(row) {
    const index = this.#rows.findLastIndex((each) => each.at <= row.at) + 1;
    const place = row.pending ? this.#rows.length : index;
    row.follow(this.#rows[place - 1]);
    this.#list.insertBefore(row.element, this.#rows[place]?.element ?? null);
    this.#rows.splice(place, 0, row);
    if (this.#rows.length > MAX_ROWS) this.#drop(this.#rows[0]);
    this.#showEmpty();
  }

  /** @param {MessageRow} row */
  #drop(row) {
    const index = this.#rows.indexOf(row);
    if (index < 0) return;
    this.#rows.splice(index, 1);
    row.element.remove();
    this.#rows[index]?.follow(this.#rows[index - 1]);
    this.#showEmpty();
  }

  get #isFollowing() {
    return this.#unread === 0;
  }

  /** Whether the newest message is in sight. */
  get #isReading() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroll;
    const visible = this.#scroll.checkVisibility({ visibilityProperty: true });
    return visible && scrollHeight - scrollTop - clientHeight < NEAR;
  }

  /** The newest into sight. */
  toEnd() {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
    if (this.#isReading) this.#read();
  }

  #read() {
    this.#showUnread(0);
  }

  /** @param {number} count */
  #showUnread(count) {
    this.#unread = count;
    const badge = byId('chat-unread');
    badge.hidden = count === 0;
    setText(badge, count > 99 ? '99+' : String(count));
    this.#below.hidden = count === 0;
    setText(this.#below.querySelector('span'), count === 1 ? '1 new message' : `${count} new messages`);
  }

  #showEmpty() {
    byId('chat-empty').hidden = this.#rows.length > 0;
  }
}
