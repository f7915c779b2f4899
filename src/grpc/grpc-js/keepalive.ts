import type { ClientHttp2Session } from 'node:http2';
import { Deadline } from '../../util/deadline.js';

interface Times {
  readonly keepaliveTimeMs: number;
  readonly pingTimeoutMs: number;
}

interface Listener {
  hasCalls(): boolean;
  /**
   * There are no calls: servers punish pings without calls, and load balancers forget connections without either. It has to be
   * ended, so that no call is made on a dead one.
   */
  onIdle(): void;
  /** A ping was not answered. */
  onSilent(): void;
}

/**
 * Pings on a session, in the place of grpc-js's own: Node sends no PING once the server has sent a GOAWAY, for which grpc-js ends
 * all streams at its next ping. SETTINGS are sent even then, and have to be acknowledged, too.
 */
export class Keepalive {
  readonly #session: ClientHttp2Session;
  readonly #times: Times;
  readonly #listener: Listener;
  #timer: NodeJS.Timeout | undefined;
  #unanswered: Deadline | undefined;

  constructor(session: ClientHttp2Session, times: Times, listener: Listener) {
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
      // A GOAWAY cancels the PING that is on its way: nothing was answered, the next one asks again.
      unanswered.cancel();
      if (this.#unanswered === unanswered) this.#unanswered = undefined;
      if (error && !this.#session.destroyed) this.#ping();
    };
    if (this.#session.closed) this.#session.settings({}, answered);
    else this.#session.ping(answered);
  }
}
