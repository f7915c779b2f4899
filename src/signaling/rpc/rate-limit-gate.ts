import type { LimitedMessage, SafeRateLimiter } from '../../limits/rate-limiter.js';
import { RelayError } from '../../protocol/errors.js';
import { LIMITS } from '../../protocol/limits.js';
import { OrderedQueue } from '../../util/ordered-queue.js';
import { tooMuchWaits } from '../wire/byte-budget.js';

/** The client whose messages are limited. */
interface LimitedClient {
  /** A message as the rate limiter sees it. */
  describe(method: string): LimitedMessage;
  /** Ends the connection: the client keeps sending though its messages are refused. */
  fail(error: RelayError): void;
}

/** Lets the messages of one client pass while the rate limiter allows it. A slow limiter does not change their order. */
export class RateLimitGate {
  readonly #limiter: SafeRateLimiter;
  readonly #client: LimitedClient;
  readonly #queue: OrderedQueue;
  /** The method of a message that another process has let pass. */
  #prepaid: string | undefined;
  /** Messages refused since the last one that passed. */
  #refused = 0;

  /** @param maxWaiting messages that may wait for the limiter */
  constructor(limiter: SafeRateLimiter, maxWaiting: number, client: LimitedClient) {
    this.#limiter = limiter;
    this.#client = client;
    this.#queue = new OrderedQueue(maxWaiting);
  }

  /**
   * Calls `act` once its message may pass. Returns a promise only if the message had to wait, or `act` returned one.
   * @throws RelayError `ERR_RELAY_TOO_MANY`, synchronously or by the promise
   */
  pass<Result>(method: string, act: () => Result | Promise<Result>): Result | Promise<Result> {
    if (this.#queue.isFull) return this.#refuse(tooMuchWaits());
    return this.#queue.run(() => this.#consume(method), act);
  }

  /** The next message of this method has passed in another process. */
  prepay(method: string): void {
    this.#prepaid = method;
  }

  #consume(method: string): void | Promise<void> {
    if (method === this.#prepaid) {
      this.#prepaid = undefined;
      return;
    }
    let pending: void | Promise<void>;
    try {
      pending = this.#limiter.consume(this.#client.describe(method));
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

  /** Counts a refused message, which need not have come this far. */
  refused(error: RelayError): void {
    this.#refused += 1;
    if (this.#refused > LIMITS.maxRefusedMessages) this.#client.fail(error);
  }

  #refuse(error: unknown): never {
    this.refused(RelayError.from(error));
    throw error;
  }
}
