import type { PeersElsewhere } from '../../../session/peer/peers-elsewhere.js';
import type { HeldPeer } from './session-state.js';

/** ms for which the old peers stay beside the new one, as within one process. */
const OVERLAP_MS = 15_000;

/** The peers of a session of this process that others still have. */
export class HeldPeers implements PeersElsewhere {
  readonly #leave: (peer: HeldPeer) => void;
  #peers: HeldPeer[];

  /** @param leave asks the process to end the peer; must not throw */
  constructor(peers: readonly HeldPeer[], leave: (peer: HeldPeer) => void) {
    this.#peers = [...peers];
    this.#leave = leave;
  }

  /** Another process ends them from now on. */
  give(): readonly HeldPeer[] {
    return this.#peers.splice(0);
  }

  leave(number: number): void {
    const left = this.#peers.filter(({ peer }) => peer === number);
    this.#peers = this.#peers.filter(({ peer }) => peer !== number);
    for (const peer of left) this.#leave(peer);
  }

  leaveLater(): void {
    setTimeout(() => this.leaveAll(), OVERLAP_MS).unref();
  }

  leaveAll(): void {
    for (const { peer } of this.#peers) this.leave(peer);
  }
}
