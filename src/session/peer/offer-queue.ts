import { RelayError } from '../../protocol/errors.js';
import type { SessionDescription } from '../../protocol/types.js';

interface WaitingOffer {
  start(): void;
  reject(error: RelayError): void;
}

/**
 * Offers of a client: one is with the SFU, one may wait. A newer offer replaces the waiting one, as a peer connection has only one
 * local description.
 */
export class OfferQueue {
  #busy = false;
  #waiting: WaitingOffer | undefined;

  /** Runs `negotiate` when its turn has come. */
  async offer(negotiate: () => Promise<SessionDescription>): Promise<SessionDescription> {
    if (this.#busy) await this.#turn();
    this.#busy = true;
    try {
      return await negotiate();
    } finally {
      const next = this.#waiting;
      this.#waiting = undefined;
      this.#busy = next !== undefined;
      next?.start();
    }
  }

  #turn(): Promise<void> {
    this.#waiting?.reject(new RelayError('ERR_RELAY_INVALID_STATE', 'A newer offer has taken its place.'));
    return new Promise((start, reject) => {
      this.#waiting = { start, reject };
    });
  }
}
