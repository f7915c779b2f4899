import type { LimitedMessage, SafeRateLimiter } from '../../limits/rate-limiter.js';
import { RelayError } from '../../protocol/errors.js';
import { LIMITS } from '../../protocol/limits.js';
import { Lane } from '../../util/ordered-queue.js';

/** Who sends. */
interface Sender {
  /** A message, with whose it is by now. */
  describe(method: string): LimitedMessage;
  /** The client goes on and on, though it is refused: its messages are of no use any more. */
  onFlood(error: RelayError): void;
}

/** Lets the messages of one client in, as many as the rate limiter allows, and in their order while that is slow. */
export class RateLimitGate {
  readonly #limiter: SafeRateLimiter;
  readonly #sender: Sender;
  readonly #lane: Lane;
  /** Refused since the last one passed. */
  #refused = 0;

  /** `maxWaiting`: messages that may wait for the limiter. */
  constructor(limiter: SafeRateLimiter, maxWaiting: number, sender: Sender) {
    this.#limiter = limiter;
    this.#sender = sender;
    this.#lane = new Lane(maxWaiting);
  }

  /**
   * Runs `act` when its message may pass. Gives a promise only where it had to wait, or `act` gives one.
   * @throws RelayError `ERR_RELAY_TOO_MANY`, at once or by the promise
   */
  pass<Result>(method: string, act: () => Result | Promise<Result>): Result | Promise<Result> {
    if (this.#lane.isFull)
      return this.#refuse(
        new RelayError('ERR_RELAY_TOO_MANY', 'Too many messages wait: send fewer at once.'),
      );
    return this.#lane.run(() => this.#consume(method), act);
  }

  #consume(method: string): void | Promise<void> {
    let pending: void | Promise<void>;
    try {
      pending = this.#limiter.consume(this.#sender.describe(method));
    } catch (error) {
      this.#refuse(error);
    }
    if (!pending) return this.#passed();
    return pending.then(
      () => this.#passed(),
      (error) => this.#refuse(error),
    );
  }

  #passed(): void {
    this.#refused = 0;
  }

  /** A message was refused, here or before it came here. */
  refused(error: RelayError): void {
    this.#refused += 1;
    if (this.#refused > LIMITS.maxRefusedMessages) this.#sender.onFlood(error);
  }

  #refuse(error: unknown): never {
    this.refused(RelayError.from(error));
    throw error;
  }
}
