import { RelayError } from '../../protocol/errors.js';
import { LIMITS } from '../../protocol/limits.js';

/** Memory of a pending message beside its text: closures and promises. It also bounds the number of small messages. */
const OVERHEAD_BYTES = 512;

/** A message whose execution is pending. */
interface PendingMessage {
  readonly bytes: number;
  isDone: boolean;
  isCounted: boolean;
}

/**
 * Counts the pending messages of one client in bytes of their text. They share `LIMITS.maxWaitingBytes`; one more may have
 * any size, because a client may send its join immediately after `authenticate`.
 */
export class ByteBudget {
  #shared = 0;
  #large = 0;
  /** The messages of this tick. Only those that are still pending at its end count. */
  #fresh: PendingMessage[] | undefined;

  /** Whether a message of this length may be pending. */
  hasRoomFor(bytes: number): boolean {
    return this.#shared + bytes + OVERHEAD_BYTES <= LIMITS.maxWaitingBytes || this.#large === 0;
  }

  /** Counts a pending message. */
  add(bytes: number): void {
    const cost = bytes + OVERHEAD_BYTES;
    if (this.#shared + cost <= LIMITS.maxWaitingBytes || this.#large > 0) this.#shared += cost;
    else this.#large = cost;
  }

  /** Counts a message until `pending` is fulfilled; not at all if that happens in this tick. */
  track(bytes: number, pending: Promise<void>): void {
    const message: PendingMessage = { bytes, isDone: false, isCounted: false };
    if (this.#fresh) this.#fresh.push(message);
    else {
      this.#fresh = [message];
      // A microtask first: the promises that this tick settles come before the next tick's callback.
      queueMicrotask(() => process.nextTick(() => this.#endTick()));
    }
    void pending.then(() => {
      message.isDone = true;
      if (message.isCounted) this.remove(bytes);
    });
  }

  /** The message is not pending any more. Messages of the same length are interchangeable. */
  remove(bytes: number): void {
    const cost = bytes + OVERHEAD_BYTES;
    if (cost === this.#large) this.#large = 0;
    else this.#shared -= cost;
  }

  #endTick(): void {
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
