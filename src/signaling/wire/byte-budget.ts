import { RelayError } from '../../protocol/errors.js';
import { LIMITS } from '../../protocol/limits.js';

/** What a waiting message costs beside its text: closures and promises. It bounds the number of small ones, too. */
const OVERHEAD_BYTES = 512;

/** A message that is being carried out. */
interface Tracked {
  readonly bytes: number;
  isDone: boolean;
  isCounted: boolean;
}

/**
 * The messages of one client that wait, in bytes of their text. They share `LIMITS.maxWaitingBytes`; one beside them may
 * have any size, because a join may be sent right behind `authenticate`.
 */
export class ByteBudget {
  #shared = 0;
  #large = 0;
  /** Those that are not done by the turn's end wait, and count from then on. */
  #fresh: Tracked[] | undefined;

  /** Whether a message of so many bytes may wait. */
  hasRoomFor(bytes: number): boolean {
    return this.#shared + bytes + OVERHEAD_BYTES <= LIMITS.maxWaitingBytes || this.#large === 0;
  }

  /** Counts a message that waits. */
  add(bytes: number): void {
    const cost = bytes + OVERHEAD_BYTES;
    if (this.#shared + cost <= LIMITS.maxWaitingBytes || this.#large > 0) this.#shared += cost;
    else this.#large = cost;
  }

  /** Counts a message that waits until `pending` is fulfilled, unless that is so by the end of this turn. */
  track(bytes: number, pending: Promise<void>): void {
    const message: Tracked = { bytes, isDone: false, isCounted: false };
    if (this.#fresh) this.#fresh.push(message);
    else {
      this.#fresh = [message];
      // After the promises that this turn settles.
      queueMicrotask(() => process.nextTick(() => this.#endTurn()));
    }
    void pending.then(() => {
      message.isDone = true;
      if (message.isCounted) this.remove(bytes);
    });
  }

  /** The message waits no longer. Two of the same size are interchangeable. */
  remove(bytes: number): void {
    const cost = bytes + OVERHEAD_BYTES;
    if (cost === this.#large) this.#large = 0;
    else this.#shared -= cost;
  }

  #endTurn(): void {
    const fresh = this.#fresh ?? [];
    this.#fresh = undefined;
    for (const message of fresh) {
      if (message.isDone) continue;
      message.isCounted = true;
      this.add(message.bytes);
    }
  }
}

export function tooMuchWaits(): RelayError {
  return new RelayError('ERR_RELAY_TOO_MANY', 'Too many messages wait: send fewer at once.');
}
