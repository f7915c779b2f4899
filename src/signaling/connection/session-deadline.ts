import { RelayError } from '../../protocol/errors.js';
import { Deadline } from '../../util/deadline.js';

interface Patience {
  readonly handshakeTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

/**
 * Ends a connection that has no session for too long. A client has `handshakeTimeoutMs` for its first join, and for another
 * one after a join that failed; `idleTimeoutMs` in all, however often it tries. A join under way has its own deadline.
 */
export class SessionDeadline {
  readonly #patience: Patience;
  readonly #client: { onLate(error: RelayError): void };
  #timer: Deadline | undefined;
  /** Of `performance.now()`: since when there is no session. */
  #since: number | undefined;
  #stopped = false;

  constructor(patience: Patience, client: { onLate(error: RelayError): void }) {
    this.#patience = patience;
    this.#client = client;
  }

  /** The client has to join: it has connected, or a join has failed. */
  awaitJoin(): void {
    this.#wait(this.#patience.handshakeTimeoutMs, 'No session was joined in time.');
  }

  /** The client has left its session, and may join another one. */
  left(): void {
    this.#wait(this.#patience.idleTimeoutMs, 'The connection was without a session for too long.');
  }

  /** A join is under way. */
  pause(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** There is a session. */
  joined(): void {
    this.pause();
    this.#since = undefined;
  }

  stop(): void {
    this.#stopped = true;
    this.pause();
  }

  #wait(patienceMs: number, reason: string): void {
    if (this.#stopped) return;
    this.pause();
    const now = performance.now();
    this.#since ??= now;
    const remaining = this.#patience.idleTimeoutMs - (now - this.#since);
    this.#timer = new Deadline(
      () => this.#client.onLate(new RelayError('ERR_RELAY_CLIENT_TIMEOUT', reason)),
      Math.max(0, Math.min(patienceMs, remaining)),
    );
  }
}
