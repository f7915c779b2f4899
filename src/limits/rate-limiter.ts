import { RelayError } from '../protocol/errors.js';
import type { RelayCounters } from '../telemetry/relay-counters.js';
import { withDeadline } from '../util/deadline.js';
import { isPromise } from '../util/is-promise.js';
import type { Logger } from '../util/logger.js';

/**
 * A message of a client, as a rate limiter sees it.
 * @category Limits
 */
export interface LimitedMessage {
  /** The method: `trickle`, `join`, `message`, …; `connect` for a new connection, or a request over HTTP. */
  readonly method: string;
  /** The id of the connection, or of the session over HTTP; globally unique. */
  readonly connectionId: string;
  readonly remoteAddress: string | undefined;
  /** Undefined before authentication. */
  readonly userId: string | undefined;
  /** Undefined before the join. */
  readonly roomId: string | undefined;
}

/**
 * Limits how much a client may send; `rateLimits()` of `sfu-relay/limits` is an implementation.
 * @category Limits
 */
export interface RateLimiter {
  /**
   * Called before a message is processed. To refuse the message, throw or reject with a `RelayError` `ERR_RELAY_TOO_MANY` with
   * `retryAfterMs`. While the promise is pending, later messages of the connection wait in order. Any other error lets the
   * message pass, so that a failing store blocks no client.
   */
  consume(message: LimitedMessage): void | PromiseLike<void>;
}

/** Wraps the application's rate limiter: its own failures let messages pass. */
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

  /** @throws RelayError the refusal, at once or by the promise */
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
