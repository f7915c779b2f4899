import type { Track } from '../protocol/messages.js';
import { malformed } from './errors.js';
import type { Emit } from './events.js';
import type { Lifecycle } from './lifecycle.js';
import type { Stay } from './stay.js';
import {
  isDescription,
  isExpiring,
  isGoaway,
  isGrants,
  isMute,
  isParticipantsEvent,
  isRejoin,
  isRoom,
  isTracksEvent,
  isTrickle,
} from './wire.js';

interface Setup {
  lifecycle: Lifecycle;
  emit: Emit;
}

/** What the relay says unasked: who it is for, and which event it is. */
export class Notifications {
  readonly #setup: Setup;

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  receive(method: string, params: unknown): void {
    const { lifecycle, emit } = this.#setup;
    const { session, stay, roster, messages } = lifecycle;
    switch (method) {
      case 'goaway':
        if (!isGoaway(params)) break;
        if (stay) stay.earliest = performance.now() + params.reconnectAfterMs;
        emit(method, params);
        return;
      case 'expiring':
        if (!isExpiring(params)) break;
        lifecycle.expiring(params.expiresInMs);
        emit(method, params);
        return;
      case 'offer':
        if (!isDescription(params, 'offer')) break;
        session?.offer(params);
        return;
      case 'trickle':
        if (!isTrickle(params)) break;
        session?.candidate(params);
        return;
      case 'rejoin':
        if (!isRejoin(params)) break;
        setTimeout(() => {
          if (lifecycle.session?.peer === params.peer) void lifecycle.rejoin();
        }, params.afterMs);
        return;
      case 'participants':
        if (!isParticipantsEvent(params)) break;
        if (!session || !roster.applyParticipants(params)) return;
        emit(method, params);
        this.#roomChanged(params.state === 'left' ? params.participant.tracks : []);
        return;
      case 'tracks':
        if (!isTracksEvent(params)) break;
        if (!session || !roster.applyTracks(params)) return;
        emit(method, params);
        this.#roomChanged(params.state === 'removed' ? params.tracks : []);
        // The SFU knows a track when its media has arrived.
        if (stay?.follow(params.tracks)) setTimeout(() => this.#watch(this.#follow(stay)), 2_000);
        return;
      case 'grants':
        if (!isGrants(params)) break;
        if (!session?.result) return;
        Object.assign(session.result, params);
        this.#watch(session.publisher.limit(params.grants, params.role === 'publisher'));
        emit(method, params);
        return;
      case 'mute':
        if (!isMute(params)) break;
        if (session) this.#watch(session.publisher.cut(params.trackId, params.muted));
        emit(method, params);
        return;
      case 'room':
        if (!isRoom(params)) break;
        Object.assign(session?.result ?? {}, params);
        emit(method, params);
        return;
      case 'message':
        if (!messages.received(params)) break;
        return;
      default:
        // A later relay's, and none of our business.
        return;
    }
    emit('error', malformed(`a malformed "${method}" notification`));
  }

  /** What fails because the session ends is no news. */
  #watch(task: Promise<unknown>): void {
    const { lifecycle, emit } = this.#setup;
    const { session } = lifecycle;
    task.catch((error) => lifecycle.session === session && emit('error', error));
  }

  /** The relay takes layers in the first seconds of a peer only: another peer has these again. */
  async #follow(stay: Stay): Promise<void> {
    const { lifecycle } = this.#setup;
    const { session } = lifecycle;
    try {
      if (session) await stay.subscribe(session);
    } catch (error) {
      await lifecycle.rejoin();
      if (lifecycle.session === session) throw error;
    }
  }

  #roomChanged(gone: readonly Track[]): void {
    const { session } = this.#setup.lifecycle;
    session?.tracks.withdrawn(gone);
    session?.tracks.announced();
  }
}
