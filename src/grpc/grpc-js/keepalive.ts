import type { ClientHttp2Session } from 'node:http2';
import { Deadline } from '../../util/deadline.js';

interface Times {
  readonly keepaliveTimeMs: number;
  readonly pingTimeoutMs: number;
}

interface KeepaliveListener {
  hasCalls(): boolean;
  /**
   * There are no calls. Close the connection: servers disconnect clients that ping without calls, and load balancers drop silent
   * connections, which would lose the next call.
   */
  onIdle(): void;
  /** A ping was not answered. */
  onSilent(): void;
}

/**
 * Pings a session instead of grpc-js. After a GOAWAY of the server, Node sends no PING, and grpc-js ends all streams at its next
 * ping. SETTINGS are sent even then, and must be acknowledged, so they serve as pings.
 */
export class Keepalive {
  readonly #session: ClientHttp2Session;
  readonly #times: Times;
  readonly #listener: KeepaliveListener;
  #timer: NodeJS.Timeout | undefined;
  #unanswered: Deadline | undefined;

  constructor(session: ClientHttp2Session, times: Times, listener: KeepaliveListener) {
    this.#session = session;
    this.#times = times;
    this.#listener = listener;
    this.#pingLater();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#unanswered?.cancel();
  }

  #pingLater(): void {
    this.#timer = setTimeout(() => {
      this.#pingLater();
      this.#ping();
    }, this.#times.keepaliveTimeMs);
    this.#timer.unref();
  }

  #ping(): void {
    if (this.#unanswered || this.#session.destroyed) return;
    if (!this.#listener.hasCalls()) {
      this.#listener.onIdle();
      return;
    }
    const unanswered = new Deadline(() => this.#listener.onSilent(), this.#times.pingTimeoutMs).unref();
    this.#unanswered = unanswered;
    const answered = (error: Error | null) => {
      // A GOAWAY cancels the pending PING without an answer; the next one follows.
      unanswered.cancel();
      if (this.#unanswered === unanswered) this.#unanswered = undefined;
      if (error && !this.#session.destroyed) this.#ping();
    };
    if (this.#session.closed) this.#session.settings({}, answered);
    else this.#session.ping(answered);
  }
}
