// @ts-check
/** Links to the room: copied, or opened in another tab. */
import { byId, toast } from './dom.js';

export class ShareLinks {
  #roomId = '';

  constructor() {
    byId('copy-link').onclick = () => this.#copy();
  }

  /** @param {string} roomId */
  show(roomId) {
    this.#roomId = roomId;
    for (const id of ['open-tab', 'empty-tab']) byId(id).href = linkTo(roomId, true);
  }

  async #copy() {
    const link = linkTo(this.#roomId, false);
    try {
      await navigator.clipboard.writeText(link);
      toast('Link copied. It opens this room.');
    } catch {
      toast(link, 15_000);
    }
  }
}

/** @param {string} roomId @param {boolean} watch enters at once */
function linkTo(roomId, watch) {
  const url = new URL('/', location.href);
  url.searchParams.set('room', roomId);
  if (watch) url.searchParams.set('auto', 'watch');
  return url.href;
}
