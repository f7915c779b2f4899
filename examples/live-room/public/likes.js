// @ts-check
/** The like button: a heart for each click, at once, and the total of the room. */
import { byId, setText } from './dom.js';
import { Hearts } from './hearts.js';

/** After this time a click that the room has not counted is considered lost. */
const COUNTED_WITHIN_MS = 3000;

export class Likes {
  #total = byId('like-total');
  #hearts = new Hearts();
  /** Clicks whose hearts are in the air, and which the room has not counted yet. */
  #ahead = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {{ like: () => void, onRefused: (error: unknown) => void }} handlers */
  constructor({ like, onRefused }) {
    byId('like').onclick = () => {
      try {
        like();
        this.#clicked();
      } catch (error) {
        onRefused(error);
      }
    };
  }

  /** @param {{ count: number, total: number }} likes how many have come, and how many there are */
  show({ count, total }) {
    const own = Math.min(this.#ahead, count);
    this.#ahead -= own;
    this.#hearts.rise(count - own);
    setText(this.#total, total.toLocaleString('en'));
  }

  clear() {
    this.#ahead = 0;
    this.#hearts.clear();
    setText(this.#total, '0');
  }

  #clicked() {
    this.#ahead++;
    this.#hearts.rise(1);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#ahead = 0;
    }, COUNTED_WITHIN_MS);
  }
}
