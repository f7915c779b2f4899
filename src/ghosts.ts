import type { Principal } from './authentication.js';
import type { RelayCounters } from './counters.js';
import type { Logger } from './logger.js';
import type { Rooms } from './rooms.js';
import type { Session } from './session.js';
import { EMPTY_OFFER } from './sfu/empty-offer.js';
import type { Sfu } from './sfu/port.js';

interface Setup {
  sfu: Sfu;
  rooms: Rooms;
  logger: Logger;
  counts: RelayCounters['abandonedPeers'];
  isClosing(): boolean;
}

/**
 * Ion keeps a peer whose stream it ended by an error, in its room, for good. A peer of the same uid takes its place
 * there, and leaves. One after the other: an SFU that ends all of them has other worries.
 */
export class Ghosts {
  readonly #setup: Setup;
  /** The newest of those that are being laid; never rejects. */
  #last: Promise<void> = Promise.resolve();

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  lay<P extends Principal>(session: Session<P>, peer: number): void {
    this.#last = this.#lay(session, peer, this.#last);
  }

  async #lay<P extends Principal>(session: Session<P>, peer: number, before: Promise<void>): Promise<void> {
    const { sfu, rooms, logger, counts, isClosing } = this.#setup;
    // The room as it is now: that of a failed join may be gone, and another in its place.
    const room = rooms.enter(session.roomId);
    await before;
    try {
      if (isClosing()) return;
      const successor = session.successor(room, peer);
      await successor.join(sfu, EMPTY_OFFER, () => undefined);
      await successor.close();
      counts.add('removed');
    } catch (error) {
      counts.add('left');
      logger.warn({ err: error, sessionId: session.id }, 'A peer may be left on the SFU');
    } finally {
      rooms.leave(room);
    }
  }
}
