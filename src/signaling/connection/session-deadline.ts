import { RelayError } from '../../protocol/errors.js';
import { Deadline } from '../../util/deadline.js';

interface DeadlineOptions {
  readonly handshakeTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

/** The connection that needs a session. */
interface DeadlineOwner {
  /** Ends the connection: it has had no session for too long. */
  fail(error: RelayError): void;
}

/**
 * Ends a connection that has no session for too long. A client has `handshakeTimeoutMs` for its first join, and again
 * after each join that failed and the time that it was told to wait, but no more than `idleTimeoutMs` in total. A join in progress has its own deadline.
 */
export class SessionDeadline {
  readonly #options: DeadlineOptions;
  readonly #owner: DeadlineOwner;
  #timer: Deadline | undefined;
  /** `performance.now()` since when there is no session. */
  #since: number | undefined;
  #stopped = false;

  constructor(options: DeadlineOptions, owner: DeadlineOwner) {
    this.#options = options;
    this.#owner = owner;
  }

  /** The client has to join: it has connected, or a join has failed, which it may try again after `retryAfterMs`. */
  awaitJoin(retryAfterMs = 0): void {
    this.#wait(retryAfterMs + this.#options.handshakeTimeoutMs, 'No session was joined in time.');
  }

  /** The client has left its session, and may join another one. */
  left(): void {
    this.#wait(this.#options.idleTimeoutMs, 'The connection was without a session for too long.');
  }

  /** A join is in progress. */
  pause(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** The client has a session. */
  joined(): void {
    this.pause();
    this.#since = undefined;
  }

  stop(): void {
    this.#stopped = true;
    this.pause();
  }

  #wait(timeoutMs: number, reason: string): void {
    if (this.#stopped) return;
    this.pause();
    const now = performance.now();
    this.#since ??= now;
    const remaining = this.#options.idleTimeoutMs - (now - this.#since);
    this.#timer = new Deadline(
      () => this.#owner.fail(new RelayError('ERR_RELAY_CLIENT_TIMEOUT', reason)),
      Math.max(0, Math.min(timeoutMs, remaining)),
    );
  }
}
