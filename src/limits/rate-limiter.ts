import { RelayError } from '../protocol/errors.js';
import type { RelayCounters } from '../telemetry/relay-counters.js';
import { withDeadline } from '../util/deadline.js';
import { isPromise } from '../util/is-promise.js';
import type { Logger } from '../util/logger.js';

/**
 * A message of a client, as a rate limiter gets to see it.
 * @category Limits
 */
export interface LimitedMessage {
  /** The method: `trickle`, `join`, `message`, …; `connect` for a new connection, or a request over HTTP. */
  readonly method: string;
  /** Of the connection, or of the session over HTTP; unique in this process and beyond. */
  readonly connectionId: string;
  readonly remoteAddress: string | undefined;
  /** Once authentication has said who it is. */
  readonly userId: string | undefined;
  /** Once it has joined one. */
  readonly roomId: string | undefined;
}

/**
 * Decides how much a client may send; `rateLimits()` of `sfu-relay/limits` is one.
 * @category Limits
 */
export interface RateLimiter {
  /**
   * Called before a message is carried out. Throws, or rejects with, a `RelayError` `ERR_RELAY_TOO_MANY` that has
   * `retryAfterMs` where it is one too many. While it is pending the connection's later messages wait in their order.
   * Another error lets the message pass: a store that is down stops nobody.
   */
  consume(message: LimitedMessage): void | PromiseLike<void>;
}

/** A rate limiter of the application's, whose own faults stop nobody. */
export class SafeRateLimiter {
  readonly #limiter: RateLimiter;
  readonly #timeoutMs: number;
  readonly #logger: Logger;
  readonly #counters: RelayCounters;

  constructor(
    limiter: RateLimiter,
    { timeoutMs, logger, counters }: { timeoutMs: number; logger: Logger; counters: RelayCounters },
  ) {
    this.#limiter = limiter;
    this.#timeoutMs = timeoutMs;
    this.#logger = logger;
    this.#counters = counters;
  }

  /** @throws RelayError, at once or by the promise: it is one too many. */
  consume(message: LimitedMessage): void | Promise<void> {
    try {
      const pending = this.#limiter.consume(message);
      if (isPromise(pending)) return this.#wait(pending, message);
    } catch (error) {
      this.#failed(error, message);
    }
  }

  async #wait(pending: PromiseLike<void>, message: LimitedMessage): Promise<void> {
    try {
      const late = () => new Error(`The rate limiter has not answered within ${this.#timeoutMs} ms.`);
      await withDeadline(pending, this.#timeoutMs, late);
    } catch (error) {
      this.#failed(error, message);
    }
  }

  #failed(error: unknown, { method }: LimitedMessage): void {
    if (error instanceof RelayError) {
      this.#counters.rateLimited.add(method);
      throw RelayError.from(error);
    }
    this.#counters.rateLimiterFailures.add();
    this.#logger.warn({ err: error }, 'The rate limiter failed: a message has passed it');
  }
}
