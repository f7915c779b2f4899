import type { JoinParams, Subscription } from '../signal/protocol.js';
import type { Control } from './control.js';
import { RelayClientError } from './errors.js';
import type { Sending } from './publisher.js';
import type { Roster } from './roster.js';
import type { Rpc } from './rpc.js';
import type { Session } from './session.js';

/** In a row, without stable media in between. */
const MAX_ATTEMPTS = 8;
/** Media that flowed for so long was no flicker: the attempts count from zero again. */
const STABLE_MS = 10_000;

/**
 * What the application wants of the room, from `join()` to `leave()`: it outlives sessions, so that another one can be
 * made like the one that broke.
 */
export class Stay {
  readonly params: Omit<JoinParams, 'offer'>;
  readonly control: Control;
  readonly muted = new WeakSet<MediaStreamTrack>();
  readonly subscriptions = new Map<string, Subscription>();
  /** What the session that broke was sending. */
  sending: Sending[] = [];
  /** performance.now() before which the relay wants no connection (goaway). */
  earliest = 0;
  readonly #ending = new AbortController();
  #wake: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempts = 0;

  constructor(params: Stay['params'], control: Control) {
    this.params = params;
    this.control = control;
  }

  /** Aborted when the stay ends, with the reason. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  end(reason: RelayClientError): void {
    this.#ending.abort(reason);
    clearTimeout(this.#timer);
    this.#wake?.();
    this.control.close();
  }

  /**
   * Attempts to replace the session that broke, later and later, while there is a point in it.
   * @param error what broke it
   * @throws RelayClientError what the last attempt failed of, or the reason of the stay's end
   */
  async replace(
    { publisher, upSince }: Session,
    error: RelayClientError,
    attempt: () => Promise<unknown>,
  ): Promise<void> {
    this.sending = publisher.sending;
    if (upSince !== undefined && performance.now() - upSince > STABLE_MS) this.#attempts = 0;
    let last = error;
    while (this.#attempts < MAX_ATTEMPTS) {
      await this.#pause();
      this.signal.throwIfAborted();
      try {
        await attempt();
        return;
      } catch (reason) {
        last = RelayClientError.from(reason);
        // "Exists": the relay has not noticed yet that we are gone.
        if (!last.retryable && last.code !== 'ERR_RELAY_SESSION_EXISTS') break;
      }
    }
    throw last;
  }

  /** Publishes and subscribes again. */
  async restore({ publisher }: Session, rpc: Rpc, roster: Roster): Promise<void> {
    await publisher.restore(this.sending);
    const subscriptions = [...this.subscriptions.values()].filter(({ trackId }) => roster.ownerOf(trackId));
    if (subscriptions.length > 0) await rpc.request('subscribe', { subscriptions });
  }

  #pause(): Promise<void> {
    // Not all at the same time.
    const backoff = Math.min(500 * 2 ** this.#attempts++, 10_000) * (0.75 + Math.random() / 2);
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#timer = setTimeout(resolve, Math.max(backoff, this.earliest - performance.now()));
    });
  }
}
