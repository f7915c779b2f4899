import type { JoinParams, Subscription, Track } from '../../protocol/messages.js';
import { asClientError, RelayClientError } from '../common/errors.js';
import type { Emit } from '../common/events.js';
import type { Rpc } from '../connection/json-rpc.js';
import { startWatchdog } from '../connection/watchdog.js';
import type { Sending } from '../media/publisher.js';
import type { StreamControl } from '../media/stream-control.js';
import type { Session } from './session.js';

/** In a row, without stable media in between. */
const MAX_ATTEMPTS = 8;
/** Media that flowed for so long was stable: the attempts count from zero again. */
const STABLE_MS = 10_000;
/** Of what is refused for now: after 1, 2, 4 … s, in sum longer than the relay takes a dead connection for alive. */
const MAX_RETRIES = 6;

/** Our last session may still hold it, and ends soon. */
const mayPass = ({ retryable, code }: RelayClientError) => retryable || code === 'ERR_RELAY_SESSION_EXISTS';

/**
 * What the application wants in the room, from `join()` to `leave()`: it outlives sessions, so that a lost one can be
 * replaced by one like it.
 */
export interface DesiredState {
  readonly joinParams: Omit<JoinParams, 'offer'>;
  readonly control: StreamControl;
  readonly mutedTracks: WeakSet<MediaStreamTrack>;
  readonly subscriptions: Map<string, Subscription>;
  /** What the lost session was sending, and the present one does not send yet. */
  sending: Sending[];
  /** performance.now() before which the relay wants no connection (goaway). */
  earliest: number;
  /** Aborted by `end()`, with its reason. */
  readonly ended: AbortSignal;
  /** Watches over a connection, instead of the last one. */
  watch(rpc: Rpc): void;
  end(reason: RelayClientError): void;
  /**
   * Attempts to replace the lost session, with growing pauses, as long as that may help.
   * @param error what it was lost by
   * @throws RelayClientError the error of the last attempt, or the reason of `end()`
   */
  recover(lost: Session, error: RelayClientError, attempt: () => Promise<unknown>): Promise<void>;
  /**
   * Publishes and subscribes again: all at once, and where that is refused one by one. What is refused for now is tried again
   * later; the rest is emitted as `error`.
   * @throws RelayClientError what has ended the session
   */
  restore(session: Session, emit: Emit): Promise<void>;
  /** Sends the subscriptions to the tracks that are in the room. */
  subscribe(session: Session): Promise<void>;
  /** Moves subscriptions to the new ids of their tracks. @returns whether there are any */
  follow(tracks: readonly Track[]): boolean;
}

export function desiredState(params: DesiredState['joinParams'], control: StreamControl): DesiredState {
  const subscriptions: DesiredState['subscriptions'] = new Map();
  const ending = new AbortController();
  const { signal } = ending;
  let wake: (() => void) | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempts = 0;

  const pause = () => {
    // Not all clients at the same time.
    const backoff = Math.min(500 * 2 ** attempts, 10_000) * (0.75 + Math.random() / 2);
    // Without a network no attempt can succeed.
    if (globalThis.navigator?.onLine !== false) attempts += 1;
    return new Promise<void>((resolve) => {
      wake = resolve;
      timer = setTimeout(resolve, Math.max(backoff, state.earliest - performance.now()));
    });
  };
  const wanted = ({ roster }: Session) =>
    [...subscriptions.values()].filter(({ trackId }) => roster.ownerOf(trackId));

  const state: DesiredState = {
    joinParams: params,
    control,
    subscriptions,
    ended: signal,
    mutedTracks: new WeakSet(),
    sending: [],
    earliest: 0,
    watch: startWatchdog(signal, () => {
      attempts = 0;
      wake?.();
    }),

    end(reason) {
      ending.abort(reason);
      clearTimeout(timer);
      wake?.();
      control.close();
    },

    async recover({ upstream: publisher, longestMs }, error, attempt) {
      // What waits for another try, the application may have published itself.
      const waiting = state.sending.filter(({ track }) => !publisher.trackIdOf(track));
      state.sending = [...publisher.sending(), ...waiting];
      if (longestMs() > STABLE_MS) attempts = 0;
      let last = error;
      while (attempts < MAX_ATTEMPTS) {
        await pause();
        signal.throwIfAborted();
        try {
          await attempt();
          return;
        } catch (reason) {
          last = asClientError(reason);
          if (mayPass(last)) continue;
          if (last.code !== 'ERR_RELAY_FORBIDDEN' || !params.replaces) break;
          // Perhaps only the replacement was refused: another token of a user without a name.
          delete params.replaces;
        }
      }
      throw last;
    },

    async restore(session, emit) {
      const { upstream: publisher, rpc } = session;
      let unsubscribed = wanted(session);
      let tries = 0;
      /** @returns what is to be tried again */
      const attempt = async <Item extends Sending | Subscription>(
        items: Item[],
        act: (some: Item[]) => Promise<unknown>,
      ): Promise<Item[]> => {
        const later: Item[] = [];
        try {
          if (items.length > 0) await act(items);
        } catch (reason) {
          const error = reason as RelayClientError;
          if (session.isClosed || !rpc.isOpen || error.code === 'ERR_CLIENT_TIMEOUT') throw error;
          const isOne = items.length === 1;
          if (isOne && mayPass(error) && tries < MAX_RETRIES) return items;
          for (const item of items) {
            if (isOne) drop(item, error);
            else later.push(...(await attempt([item], act)));
          }
        }
        return later;
      };
      const drop = (item: Sending | Subscription, error: RelayClientError) => {
        const [what, id] = 'stream' in item ? ['stream', item.stream.id] : ['track', item.trackId];
        subscriptions.delete(id);
        const message = `The ${what} "${id}" can't be restored: ${error.message}`;
        emit(
          'error',
          new RelayClientError(error.code, message, { ...error, [`${what}Id`]: id, cause: error }),
        );
      };
      const restore = async () => {
        const later = await attempt(state.sending, publisher.restore);
        // The application may have unpublished some of it meanwhile.
        state.sending = state.sending.filter((each) => later.includes(each));
        unsubscribed = await attempt(unsubscribed, (some) =>
          rpc.request('subscribe', { subscriptions: some }),
        );
        if (state.sending.length + unsubscribed.length > 0)
          timer = setTimeout(() => session.isClosed || restore().catch(() => {}), 1_000 * 2 ** tries++);
      };
      // What waits for another try is tried now.
      clearTimeout(timer);
      await restore();
    },

    async subscribe(session) {
      const missing = wanted(session);
      if (missing.length > 0) await session.rpc.request('subscribe', { subscriptions: missing });
    },

    follow(tracks) {
      let found = false;
      for (const { trackId, replacedBy } of tracks) {
        const subscription = replacedBy && subscriptions.get(trackId);
        if (!subscription) continue;
        found = true;
        subscriptions.set(replacedBy, { ...subscription, trackId: replacedBy });
        subscriptions.delete(trackId);
      }
      return found;
    },
  };
  return state;
}
