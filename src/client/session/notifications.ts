import type {
  PeerParams,
  RelayNotifications,
  SessionDescription,
  Track,
  TrickleParams,
} from '../../protocol/messages.js';
import { malformed } from '../common/errors.js';
import type { Emit } from '../common/events.js';
import { fits, NOTIFICATIONS } from '../common/wire-forms.js';
import type { Lifecycle } from './lifecycle.js';

type Handlers = { [Method in keyof typeof NOTIFICATIONS]: (params: RelayNotifications[Method]) => unknown };

/** The SFU refuses a subscription to a track until it receives the track's media. */
const RESUBSCRIBE_AFTER_MS = 2_000;

/** @returns a function that applies a notification of the relay and emits its event */
export function notificationHandler(
  lifecycle: Lifecycle,
  emit: Emit,
): (method: string, params: unknown) => void {
  const handlers: Handlers = {
    goaway(params) {
      lifecycle.expire();
      if (lifecycle.desired) lifecycle.desired.earliest = performance.now() + params.reconnectAfterMs;
      emit('goaway', params);
    },
    expiring(params) {
      lifecycle.renewToken(params.expiresInMs);
      emit('expiring', params);
    },
    offer: ({ peer, ...offer }: SessionDescription & PeerParams) =>
      lifecycle.peer(peer)?.downstream?.answerOffer(offer),
    trickle({ peer, target, candidate }: TrickleParams) {
      const { upstream, downstream } = lifecycle.peer(peer) ?? {};
      (target === 0 ? upstream : downstream)?.candidates.receive(candidate);
    },
    rejoin({ peer, afterMs }) {
      const { session } = lifecycle;
      if (session?.peer === peer)
        setTimeout(() => lifecycle.session === session && lifecycle.rejoin(true), afterMs);
    },
    interrupted: (params) => lifecycle.interrupt(params),
    participants(params) {
      const { session, others } = lifecycle;
      const changes = session && others.applyParticipants(params);
      if (!changes) return;
      for (const change of changes) {
        emit('participants', change);
        roomChanged(change.state === 'left' ? change.participant.tracks : []);
      }
      if (params.audience) emit('audience', params.audience);
      if (params.page) emit('page', params.page);
    },
    tracks(params) {
      const { session, desired, others } = lifecycle;
      if (!session || !others.applyTracks(params)) return;
      emit('tracks', params);
      roomChanged(params.state === 'removed' ? params.tracks : []);
      if (desired?.follow(params.tracks)) setTimeout(() => report(subscribeAgain()), RESUBSCRIBE_AFTER_MS);
    },
    grants(params) {
      const { session } = lifecycle;
      if (!session?.joinResult) return;
      Object.assign(session.joinResult, params);
      report(session.upstream.restrict(params.grants, params.role === 'publisher'));
      emit('grants', params);
    },
    mute(params) {
      const { session } = lifecycle;
      const { trackId, muted } = params;
      const result = session?.joinResult;
      const others = result?.muted?.filter((id) => id !== trackId) ?? [];
      if (result) result.muted = muted ? [...others, trackId] : others;
      // The relay mutes the tracks of the next peer itself.
      if (!session?.isLost) report(session?.upstream.cut(trackId, muted));
      emit('mute', params);
    },
    room(params) {
      Object.assign(lifecycle.session?.joinResult ?? {}, params);
      emit('room', params);
    },
    message: (params) => lifecycle.messages.accept(params),
  };

  /** Emits a failure, unless the session has ended or lost its peer in the meantime. */
  function report(task: Promise<unknown> | undefined): void {
    const { session } = lifecycle;
    task?.catch((error) => {
      if (session && lifecycle.session === session && !session.isLost) emit('error', error);
    });
  }

  /** The relay accepts subscriptions with layers only in a peer's first seconds. Later, another peer is needed. */
  async function subscribeAgain(): Promise<void> {
    const { session, desired } = lifecycle;
    try {
      if (session) await desired?.subscribe(session);
    } catch (error) {
      await lifecycle.rejoin();
      if (lifecycle.session === session) throw error;
    }
  }

  function roomChanged(gone: readonly Track[]): void {
    lifecycle.session?.remoteTracks.withdrawn(gone);
    lifecycle.session?.remoteTracks.announced();
  }

  return (method, params) => {
    // A newer relay may send other methods.
    if (!isKnown(method)) return;
    if (fits(params, NOTIFICATIONS[method])) handlers[method](params as never);
    else emit('error', malformed(`"${method}"`));
  };
}

const isKnown = (method: string): method is keyof Handlers => Object.hasOwn(NOTIFICATIONS, method);
