import { invalidState, RelayError } from '../protocol/errors.js';
import type { SessionCloseReason, SessionState } from '../protocol/session-state.js';
import type { RoomSession } from '../room/participants/room-member.js';
import type { Room } from '../room/room.js';
import { deferred } from '../util/deferred.js';
import type { SessionEmitter } from './events/session-emitter.js';
import type { MessageFilters } from './peer/message-filters.js';
import type { SessionPeers } from './peer/session-peers.js';
import type { SessionPresence } from './session-presence.js';

interface SessionLifecycleSetup {
  session: RoomSession & { readonly room: Room };
  filters: MessageFilters | undefined;
  emitter: SessionEmitter;
}

/** The states of one session, from joining to closed, and what each transition ends. */
export class SessionLifecycle {
  readonly #setup: SessionLifecycleSetup;
  readonly #since = performance.now();
  /** Set right after construction: the peers report to the lifecycle. */
  peers!: SessionPeers;
  /** Called before the event `close`; must not throw. An event listener costs each session several objects. */
  onClosed: ((reason: SessionCloseReason) => void) | undefined;
  /** Made when another connection may serve the session for the first time. */
  presence: SessionPresence | undefined;
  #state: SessionState = 'joining';
  #hasJoined = false;
  #isElsewhere = false;
  #reason: SessionCloseReason | undefined;
  /** Made by the first caller of `close` that has to wait. */
  #closed: { promise: Promise<void>; resolve(): void } | undefined;

  constructor(setup: SessionLifecycleSetup) {
    this.#setup = setup;
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Whether the session was ever in the room. */
  get hasJoined(): boolean {
    return this.#hasJoined;
  }

  /** Whether the client has lost its connection, and may get another one. */
  get isDetached(): boolean {
    return this.presence?.isDetached === true;
  }

  /** Whether another process serves the session: this one has only peers that are about to be replaced. */
  get isElsewhere(): boolean {
    return this.#isElsewhere;
  }

  /** Set once the session is closing. */
  get reason(): SessionCloseReason | undefined {
    return this.#reason;
  }

  /** ms since the session was created, independent of the system clock. */
  get ageMs(): number {
    return performance.now() - this.#since;
  }

  joined(): void {
    this.#hasJoined = true;
    this.#state = 'joined';
  }

  /** Another process serves the session from now on; the peers stay until `close`. For the application here it ends. */
  handOver(reason: SessionCloseReason): void {
    const { session, emitter } = this.#setup;
    this.#isElsewhere = true;
    this.presence?.handedOver();
    session.room.occupancy.remove(session.hidden);
    session.room.publishers.disclaim(session.id);
    emitter.emit('close', reason);
    emitter.end();
  }

  /** @throws RelayError `ERR_RELAY_INVALID_STATE` */
  requireJoined(): void {
    if (this.#state === 'joined') return;
    throw invalidState(
      this.#state === 'joining' ? 'The session has not joined yet.' : 'The session has ended.',
    );
  }

  /** Leaves the SFU; resolves when the SFU has ended the streams. Never rejects; idempotent. */
  close(reason: SessionCloseReason): Promise<void> {
    if (this.#state === 'joining') this.peers.current.abort(() => reason.error);
    else {
      this.#leave(reason);
      this.peers.endAll();
    }
    // A join that fails at once closes the session in this very call.
    if ((this.#state as SessionState) === 'closed') return Promise.resolve();
    this.#closed ??= deferred();
    return this.#closed.promise;
  }

  /** The session can't go on. */
  break(error: RelayError): void {
    this.#leave({ by: error.code.startsWith('ERR_RELAY_SFU') ? 'sfu' : 'relay', error });
    this.peers.endAll(error.code === 'ERR_RELAY_SFU_TIMEOUT');
  }

  /** All streams have ended, or the join has failed. */
  finish(reason: SessionCloseReason): void {
    if (this.#state === 'closed') return;
    this.#leave(reason);
    this.#state = 'closed';
    const { emitter } = this.#setup;
    this.onClosed?.(this.#reason ?? reason);
    emitter.emit('close', this.#reason ?? reason);
    emitter.end();
    this.#closed?.resolve();
  }

  /** Leaves the room at once; the streams may take a moment to end. */
  #leave(reason: SessionCloseReason): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#state = 'closing';
    const { session, filters } = this.#setup;
    const { room, id, hidden } = session;
    const why = () => errorOf(reason);
    if (!this.#isElsewhere) {
      this.presence?.left();
      room.occupancy.remove(hidden);
    }
    this.peers.leaveAll(why);
    if (!this.#isElsewhere) {
      room.members.remove(session);
      room.publishers.disclaim(id);
    }
    filters?.close(why);
  }
}

/** The error of all pending requests. */
function errorOf({ error }: SessionCloseReason): RelayError {
  return error ?? new RelayError('ERR_RELAY_ABORTED', 'The session was closed.');
}
