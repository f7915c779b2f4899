import { RelayError } from '../errors.js';
import { LIMITS } from '../limits.js';

/** What a waiting message costs beside its text: closures and promises. It bounds the number of small ones, too. */
const OVERHEAD_BYTES = 512;

/**
 * The messages of one client that wait, in bytes of their text. They share `LIMITS.maxWaitingBytes`; one beside them may
 * have any size, because a join may be sent right behind `authenticate`.
 */
export class ByteBudget {
  #shared = 0;
  #large = 0;

  /** Bytes that wait now, with what each message costs beside its text. */
  get used(): number {
    return this.#shared + this.#large;
  }

  /** Whether a message of so many bytes may wait. */
  hasRoomFor(bytes: number): boolean {
    return this.#shared + bytes + OVERHEAD_BYTES <= LIMITS.maxWaitingBytes || this.#large === 0;
  }

  /** Counts a message that there is room for. */
  add(bytes: number): void {
    const cost = bytes + OVERHEAD_BYTES;
    if (this.#shared + cost <= LIMITS.maxWaitingBytes) this.#shared += cost;
    else this.#large = cost;
  }

  /** The message waits no longer. Two of the same size are interchangeable. */
  remove(bytes: number): void {
    const cost = bytes + OVERHEAD_BYTES;
    if (cost === this.#large) this.#large = 0;
    else this.#shared -= cost;
  }
}

export function tooMuchWaits(): RelayError {
  return new RelayError('ERR_RELAY_TOO_MANY', 'Too many messages wait: send fewer at once.');
}
