// @ts-check
/** Which SFU node the room is on, and the buttons that move the room and kill the node. Only if there are several. */
import { byId, setText, toast } from './dom.js';
import { hasNodes } from './setup/setup.js';

const REFRESH_MS = 2000;

export class SfuNode {
  #root = byId('node');
  #kill = byId('node-kill');
  #move = byId('node-move');
  #roomId = '';
  /** @type {string | undefined} the address of the room's node */
  #address;
  /** Of the node that this page has killed, until the room has another one. @type {string | undefined} */
  #killed;
  /** Only the last of several answers counts. */
  #requests = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  constructor() {
    this.#kill.onclick = () => this.#killNode();
    this.#move.onclick = () => this.#moveRoom();
  }

  /** @param {string} roomId */
  enter(roomId) {
    if (!hasNodes) return;
    this.#roomId = roomId;
    this.#timer = setInterval(() => this.refresh(), REFRESH_MS);
  }

  leave() {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#show([], undefined);
  }

  /** The room may have another node now. */
  async refresh() {
    if (this.#timer === undefined) return;
    const request = ++this.#requests;
    try {
      const response = await fetch(`/nodes?${new URLSearchParams({ room: this.#roomId })}`);
      const { nodes, node } = await response.json();
      if (request === this.#requests && this.#timer !== undefined) this.#show(nodes, node);
    } catch {
      // The server cannot be reached: the page tells that already.
    }
  }

  /** @param {{ serverUrl: string, state: string }[]} nodes @param {string | undefined} address */
  #show(nodes, address) {
    const index = nodes.findIndex(({ serverUrl }) => serverUrl === address);
    this.#root.hidden = index === -1;
    this.#address = address;
    if (address !== this.#killed) this.#killed = undefined;
    this.#kill.disabled = this.#killed !== undefined || nodes[index]?.state === 'down';
    if (index !== -1) setText(byId('node-name'), `SFU node ${index + 1} of ${nodes.length} · ${address}`);
  }

  /** Nobody notices but for the node's name. */
  async #moveRoom() {
    this.#move.disabled = true;
    const response = await fetch(`/nodes?${new URLSearchParams({ room: this.#roomId })}`, {
      method: 'PUT',
    }).catch(() => undefined);
    this.#move.disabled = false;
    if (!response?.ok) {
      const { error } = (await response?.json().catch(() => undefined)) ?? {};
      toast(`The room was not moved. ${error ?? 'Try again.'}`);
    }
    await this.refresh();
  }

  async #killNode() {
    const address = this.#address;
    this.#killed = address;
    this.#kill.disabled = true;
    const response = await fetch(`/nodes/${address}`, { method: 'DELETE' }).catch(() => undefined);
    if (!response?.ok) {
      this.#killed = undefined;
      toast('The SFU node could not be killed. Try again.');
    }
    await this.refresh();
  }
}
