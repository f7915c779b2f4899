import type { RelayNotifications, Track } from '../../protocol/messages.js';
import { malformed } from '../common/errors.js';
import type { Emit } from '../common/events.js';
import { fits, NOTIFICATIONS } from '../common/wire-forms.js';
import type { Lifecycle } from './lifecycle.js';

type Handlers = { [Method in keyof typeof NOTIFICATIONS]: (params: RelayNotifications[Method]) => void };

/** The SFU can be asked for a track once its media has arrived there. */
const RESUBSCRIBE_AFTER_MS = 2_000;

/** @returns what applies the relay's notifications to the client and emits them as events */
export function notificationHandler(
  lifecycle: Lifecycle,
  emit: Emit,
): (method: string, params: unknown) => void {
  const handlers: Handlers = {
    goaway(params) {
      if (lifecycle.desired) lifecycle.desired.earliest = performance.now() + params.reconnectAfterMs;
      emit('goaway', params);
    },
    expiring(params) {
      lifecycle.expiring(params.expiresInMs);
      emit('expiring', params);
    },
    offer: (params) => lifecycle.session?.receiveOffer(params),
    trickle: (params) => lifecycle.session?.receiveCandidate(params),
    rejoin({ peer, afterMs }) {
      setTimeout(() => lifecycle.session?.peer === peer && lifecycle.rejoin(), afterMs);
    },
    participants(params) {
      if (!lifecycle.session || !lifecycle.roster.applyParticipants(params)) return;
      emit('participants', params);
      roomChanged(params.state === 'left' ? params.participant.tracks : []);
    },
    tracks(params) {
      const { session, desired, roster } = lifecycle;
      if (!session || !roster.applyTracks(params)) return;
      emit('tracks', params);
      roomChanged(params.state === 'removed' ? params.tracks : []);
      if (desired?.follow(params.tracks)) setTimeout(() => report(subscribeAgain()), RESUBSCRIBE_AFTER_MS);
    },
    grants(params) {
      const { session } = lifecycle;
      if (!session?.joinResult) return;
      Object.assign(session.joinResult, params);
      report(session.upstream.limit(params.grants, params.role === 'publisher'));
      emit('grants', params);
    },
    mute(params) {
      report(lifecycle.session?.upstream.cut(params.trackId, params.muted));
      emit('mute', params);
    },
    room(params) {
      Object.assign(lifecycle.session?.joinResult ?? {}, params);
      emit('room', params);
    },
    message: (params) => lifecycle.messages.received(params),
  };

  /** A failure of a session that has ended meanwhile is not reported. */
  function report(task: Promise<unknown> | undefined): void {
    const { session } = lifecycle;
    task?.catch((error) => lifecycle.session === session && emit('error', error));
  }

  /** The relay takes subscriptions with layers only in the first seconds of a peer; it may need another peer. */
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
    // Other methods come from a newer relay.
    if (!isKnown(method)) return;
    if (fits(params, NOTIFICATIONS[method])) handlers[method](params as never);
    else emit('error', malformed(`"${method}" notification`));
  };
}

const isKnown = (method: string): method is keyof Handlers => Object.hasOwn(NOTIFICATIONS, method);
