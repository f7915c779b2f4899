// @ts-check
/** The entry page: a name, a room, and whether to go live or to watch. */
import { animate, byId, setText } from './dom.js';
import { drawPicture } from './generated-media.js';
import { Health } from './health.js';
import { randomName, rememberedName, rememberName } from './names.js';

const MAX_LENGTH = 40;

export class Entry {
  #root = byId('entry');
  #form = byId('entry-form');
  #name = byId('name');
  #room = byId('room-name');
  #suggested = randomName();
  #health = new Health();
  #onEnter;

  /**
   * @param {{ room: string | null, name: string | null, onEnter: (visit: { roomId: string, name: string, live: boolean }) => void }} options
   */
  constructor({ room, name, onEnter }) {
    this.#onEnter = onEnter;
    this.#name.value = name ?? rememberedName() ?? this.#suggested;
    this.#room.value = room ?? 'lobby';
    this.#form.addEventListener('submit', (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      this.submit(/** @type {HTMLButtonElement} */ (event.submitter)?.value !== 'watch');
    });
    this.#form.addEventListener('input', () => this.#update());
    this.#update();
  }

  show() {
    this.#root.hidden = false;
    document.title = 'Live room';
    this.#health.start();
    animate(() => this.#draw());
  }

  /** Without a name of one's own: each tab that enters by itself is somebody else. */
  useRandomName() {
    this.#name.value = this.#suggested;
  }

  /** @param {boolean} live */
  submit(live) {
    const name = clean(this.#name.value);
    const roomId = clean(this.#room.value);
    const problem = !name
      ? 'Please enter your name.'
      : !roomId
        ? 'Please enter a room, for example “lobby”.'
        : '';
    setText(byId('entry-error'), problem);
    this.#name.setAttribute('aria-invalid', String(!name));
    this.#room.setAttribute('aria-invalid', String(!roomId));
    if (problem) return (name ? this.#room : this.#name).focus();
    if (name !== this.#suggested) rememberName(name);
    this.#root.hidden = true;
    this.#health.stop();
    this.#onEnter({ roomId, name, live });
  }

  #update() {
    const link = new URL('/', location.href);
    link.searchParams.set('room', clean(this.#room.value) || 'lobby');
    byId('entry-tab').href = link.href;
    setText(byId('entry-error'), '');
    this.#draw();
  }

  /** One frame of the preview; false once the door is closed. */
  #draw() {
    const preview = byId('entry-preview');
    const name = clean(this.#name.value) || 'Your name';
    if (preview.offsetParent) drawPicture(preview.getContext('2d'), name, Date.now());
    return !this.#root.hidden;
  }
}

/**
 * Without control and text direction characters, with single spaces, and not too long.
 * @param {string} text
 */
function clean(text) {
  const plain = text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069\s]+/gu, ' ').trim();
  return [...plain].slice(0, MAX_LENGTH).join('').trim();
}
