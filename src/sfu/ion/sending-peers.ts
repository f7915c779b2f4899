import type { SendingPeer } from '../sfu.js';
import { decodeUid, encodeUid } from './uid.js';

/** A peer whose end nobody has told stays: the oldest ones go then. */
const MAX_PEERS = 10_000;

/** The peers of an Ion that have sent media: Ion tells all of its streams of each, in all rooms. */
export class SendingPeers {
  /** In the order in which they were heard of. */
  readonly #byUid = new Map<string, SendingPeer>();
  readonly #byRoom = new Map<string, Set<SendingPeer>>();
  readonly #onNew: (roomId: string) => void;

  constructor(onNew: (roomId: string) => void) {
    this.#onNew = onNew;
  }

  /** Returns undefined for a peer that no relay has made. */
  add(uid: string, trackIds: () => readonly string[]): SendingPeer | undefined {
    const known = this.#byUid.get(uid);
    if (known) return known;
    const id = decodeUid(uid);
    if (!id) return undefined;
    const peer = { ...id, trackIds: trackIds(), since: performance.now() };
    this.#put(uid, peer);
    this.#onNew(peer.roomId);
    return peer;
  }

  /** Another process knows the peer. */
  learn(peer: SendingPeer): void {
    const uid = encodeUid(peer);
    if (!this.#byUid.has(uid)) this.#put(uid, peer);
  }

  #put(uid: string, peer: SendingPeer): void {
    const [oldest = ''] = this.#byUid.keys();
    if (this.#byUid.size >= MAX_PEERS) this.delete(oldest);
    this.#byUid.set(uid, peer);
    const others = this.#byRoom.get(peer.roomId);
    if (others) others.add(peer);
    else this.#byRoom.set(peer.roomId, new Set([peer]));
  }

  delete(uid: string): void {
    const peer = this.#byUid.get(uid);
    if (!peer) return;
    this.#byUid.delete(uid);
    const others = this.#byRoom.get(peer.roomId);
    others?.delete(peer);
    if (others?.size === 0) this.#byRoom.delete(peer.roomId);
  }

  ofRoom(roomId: string): Iterable<SendingPeer> {
    return this.#byRoom.get(roomId) ?? [];
  }

  clear(): void {
    this.#byUid.clear();
    this.#byRoom.clear();
  }
}
