import type { Subscription, Track } from '../../protocol/messages.js';
import { asClientError, RelayClientError } from '../common/errors.js';
import type { Emit } from '../common/events.js';
import type { Rpc } from '../connection/json-rpc.js';
import { startWatchdog } from '../connection/watchdog.js';
import type { Sending } from '../media/publisher.js';
import type { StreamControl } from '../media/stream-control.js';
import type { EntryParams } from './entry.js';
import type { ClientSession } from './session.js';

/** Consecutive attempts, without stable media between them. */
const MAX_ATTEMPTS = 8;
/** One that does not even reach the server counts for this part of one. */
const UNREACHED = 0.4;
/** The client does not wait for a later time. */
const MAX_PAUSE_MS = 60_000;
/** After this duration media is stable: the count of attempts starts again. */
const STABLE_MS = 10_000;
/** Retries of a temporary refusal, after 1, 2, 4 … s: longer in total than the relay keeps a dead connection. */
const MAX_RETRIES = 6;

/** Whether a retry may succeed. `ERR_RELAY_SESSION_EXISTS`: the client's last session is still on the relay, and ends soon. */
const mayPass = ({ retryable, code }: RelayClientError) => retryable || code === 'ERR_RELAY_SESSION_EXISTS';

/**
 * What the application has requested in the room, from `join()` to `leave()`. It outlives a lost session, so that another one can
 * be set up in the same way.
 */
export interface DesiredState {
  readonly joinParams: EntryParams;
  readonly control: StreamControl;
  readonly mutedTracks: WeakSet<MediaStreamTrack>;
  readonly subscriptions: Map<string, Subscription>;
  /** Tracks that the lost session was sending, and the current one does not send yet. */
  sending: Sending[];
  /** performance.now() before which the client must not reconnect (goaway). */
  earliest: number;
  /** Aborted by `end()`, with its reason. */
  readonly ended: AbortSignal;
  /** Starts the watchdog for a connection, instead of the last one. */
  watch(rpc: Rpc): void;
  end(reason: RelayClientError): void;
  /**
   * Waits before another attempt: as long as the relay says, or increasingly.
   * @throws RelayClientError what the last attempt failed with, if it is to be the last; or the reason of `end()`
   */
  delay(error: RelayClientError): Promise<void>;
  /**
   * Attempts to replace the lost session, with increasing pauses, as long as another attempt may succeed.
   * @param error the cause of the loss
   * @throws RelayClientError the error of the last attempt, or the reason of `end()`
   */
  recover(lost: ClientSession, error: RelayClientError, attempt: () => Promise<unknown>): Promise<void>;
  /**
   * Publishes and subscribes again: everything in one request or, if that is refused, one by one. Temporary refusals are retried
   * later; others are emitted as `error`.
   * @throws RelayClientError the error that ended the session
   */
  restore(session: ClientSession, emit: Emit): Promise<void>;
  /** Sends the subscriptions to tracks that are in the room. */
  subscribe(session: ClientSession): Promise<void>;
  /** Moves subscriptions to the new ids of their tracks. @returns whether there are any */
  follow(tracks: readonly Track[]): boolean;
}

/** @param onHint called when the network may have changed */
export function desiredState(
  params: DesiredState['joinParams'],
  control: StreamControl,
  onHint: () => void,
): DesiredState {
  const subscriptions: DesiredState['subscriptions'] = new Map();
  const ending = new AbortController();
  const { signal } = ending;
  let wake: ((value?: unknown) => void) | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempts = 0;

  const wanted = ({ others }: ClientSession) =>
    [...subscriptions.values()].filter(({ trackId }) => others.ownerOf(trackId));

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
      onHint();
    }),

    end(reason) {
      ending.abort(reason);
      clearTimeout(timer);
      control.close();
    },

    async delay(error) {
      // Random, so that not all clients reconnect at the same time; `retryAfterMs` is another one for each client anyway.
      const [step, longestMs] = error.code === 'ERR_CLIENT_CONNECT' ? [UNREACHED, 2_000] : [1, 10_000];
      const pauseMs =
        error.retryAfterMs ?? Math.min(500 * 2 ** attempts, longestMs) * (0.75 + Math.random() / 2);
      if (attempts >= MAX_ATTEMPTS || pauseMs > MAX_PAUSE_MS) throw error;
      // Without a network no attempt can succeed.
      if (globalThis.navigator?.onLine !== false) attempts += step;
      await new Promise<unknown>((resolve) => {
        signal.onabort = resolve;
        // News of the network do not change the time that the relay has named.
        if (!error.retryAfterMs) wake = resolve;
        timer = setTimeout(resolve, Math.max(pauseMs, state.earliest - performance.now()));
      });
      signal.throwIfAborted();
    },

    async recover({ upstream: publisher, longestMs }, error, attempt) {
      // The application may have published a track that was waiting for a retry.
      const waiting = state.sending.filter(({ track }) => !publisher.trackIdOf(track));
      state.sending = [...publisher.sending(), ...waiting];
      if (longestMs() > STABLE_MS) attempts = 0;
      let last = error;
      for (;;) {
        await state.delay(last);
        try {
          await attempt();
          return;
        } catch (reason) {
          last = asClientError(reason);
          if (!mayPass(last)) throw last;
        }
      }
    },

    async restore(session, emit) {
      const { upstream: publisher, rpc } = session;
      let unsubscribed = wanted(session);
      let tries = 0;
      /** @returns the items to retry */
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
        // The application may have unpublished some in the meantime.
        state.sending = state.sending.filter((each) => later.includes(each));
        unsubscribed = await attempt(unsubscribed, (some) =>
          rpc.request('subscribe', { subscriptions: some }),
        );
        if (state.sending.length + unsubscribed.length > 0)
          timer = setTimeout(() => session.isRetired || restore().catch(() => {}), 1_000 * 2 ** tries++);
      };
      // Replaces a scheduled retry.
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
