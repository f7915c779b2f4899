import type { JoinParams, Subscription, Track } from '../protocol/messages.js';
import type { Control } from './control.js';
import { RelayClientError } from './errors.js';
import type { Emit } from './events.js';
import type { Sending } from './publisher.js';
import type { Session } from './session.js';
import { Watchdog } from './watchdog.js';

/** In a row, without stable media in between. */
const MAX_ATTEMPTS = 8;
/** Media that flowed for so long was no flicker: the attempts count from zero again. */
const STABLE_MS = 10_000;
/** Of what is refused for now: after 1, 2, 4 … s, which is longer than the relay takes a dead connection for alive. */
const MAX_RETRIES = 6;

/** Our last session still holds it, and ends soon. */
const mayPass = ({ retryable, code }: RelayClientError) => retryable || code === 'ERR_RELAY_SESSION_EXISTS';

/**
 * What the application wants of the room, from `join()` to `leave()`: it outlives sessions, so that another one can be
 * made like the one that broke.
 */
export class Stay {
  readonly params: Omit<JoinParams, 'offer'>;
  readonly control: Control;
  readonly watchdog: Watchdog;
  readonly muted = new WeakSet<MediaStreamTrack>();
  readonly subscriptions = new Map<string, Subscription>();
  /** What the session that broke was sending, and the present one does not send yet. */
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
    this.watchdog = new Watchdog(this.signal, () => {
      this.#attempts = 0;
      this.#wake?.();
    });
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
    { publisher, longestMs }: Session,
    error: RelayClientError,
    attempt: () => Promise<unknown>,
  ): Promise<void> {
    // What waits for another try, the application may have published itself.
    const waiting = this.sending.filter(({ track }) => !publisher.trackIdOf(track));
    this.sending = [...publisher.sending, ...waiting];
    if (longestMs > STABLE_MS) this.#attempts = 0;
    let last = error;
    while (this.#attempts < MAX_ATTEMPTS) {
      await this.#pause();
      this.signal.throwIfAborted();
      try {
        await attempt();
        return;
      } catch (reason) {
        last = RelayClientError.from(reason);
        if (mayPass(last)) continue;
        if (last.code !== 'ERR_RELAY_FORBIDDEN' || !this.params.replaces) break;
        // Perhaps it was only the replacing: another token of a user without a name.
        delete this.params.replaces;
      }
    }
    throw last;
  }

  /**
   * Publishes and subscribes again: all at once, and where that is refused one by one. What is refused for now is tried again
   * later; the rest is an `error`.
   * @throws RelayClientError what has ended the session
   */
  async restore(session: Session, emit: Emit): Promise<void> {
    const { publisher, rpc } = session;
    let subscriptions = this.#wanted(session);
    let tries = 0;
    /** Gives what is to be tried again. */
    const all = async <Item extends Sending | Subscription>(
      items: Item[],
      act: (some: Item[]) => Promise<unknown>,
    ): Promise<Item[]> => {
      const later: Item[] = [];
      try {
        if (items.length > 0) await act(items);
      } catch (reason) {
        const error = reason as RelayClientError;
        if (session.isClosed || !rpc.isOpen || error.code === 'ERR_CLIENT_TIMEOUT') throw error;
        if (items.length === 1 && mayPass(error) && tries < MAX_RETRIES) return items;
        for (const item of items) {
          if (items.length > 1) later.push(...(await all([item], act)));
          else {
            const [what, id] = 'stream' in item ? ['stream', item.stream.id] : ['track', item.trackId];
            this.subscriptions.delete(id);
            const message = `The ${what} "${id}" can't be restored: ${error.message}`;
            const members = { ...error, [`${what}Id`]: id, cause: error };
            emit('error', new RelayClientError(error.code, message, members));
          }
        }
      }
      return later;
    };
    // What waits for another try waits for that of this session.
    clearTimeout(this.#timer);
    const restore = async () => {
      const later = await all(this.sending, (some) => publisher.restore(some));
      // The application may have unpublished some of it meanwhile.
      this.sending = this.sending.filter((each) => later.includes(each));
      subscriptions = await all(subscriptions, (some) => rpc.request('subscribe', { subscriptions: some }));
      if (this.sending.length + subscriptions.length > 0)
        this.#timer = setTimeout(() => session.isClosed || restore().catch(() => {}), 1_000 * 2 ** tries++);
    };
    await restore();
  }

  async subscribe(session: Session): Promise<void> {
    const subscriptions = this.#wanted(session);
    if (subscriptions.length > 0) await session.rpc.request('subscribe', { subscriptions });
  }

  #wanted({ roster }: Session): Subscription[] {
    return [...this.subscriptions.values()].filter(({ trackId }) => roster.ownerOf(trackId));
  }

  /** Subscriptions of tracks that have other ids by now. @returns whether there are any */
  follow(tracks: readonly Track[]): boolean {
    let found = false;
    for (const { trackId, replacedBy } of tracks) {
      const subscription = replacedBy && this.subscriptions.get(trackId);
      if (!subscription) continue;
      found = true;
      this.subscriptions.set(replacedBy, { ...subscription, trackId: replacedBy });
      this.subscriptions.delete(trackId);
    }
    return found;
  }

  #pause(): Promise<void> {
    // Not all at the same time.
    const backoff = Math.min(500 * 2 ** this.#attempts, 10_000) * (0.75 + Math.random() / 2);
    // Without a network no attempt can succeed.
    if (globalThis.navigator?.onLine !== false) this.#attempts += 1;
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#timer = setTimeout(resolve, Math.max(backoff, this.earliest - performance.now()));
    });
  }
}
