import { RelayError, type RelayErrorCode } from '../protocol/errors.js';
import type { SessionState } from '../protocol/session-state.js';
import type { RoomSession } from '../room/participants/room-member.js';
import type { Room } from '../room/room.js';
import { Deadline } from '../util/deadline.js';
import type { SessionEmitter } from './events/session-emitter.js';
import type { SessionPeers } from './peer/session-peers.js';

/** The others are not notified of a client that has another connection within this time. */
const NOTICE_MS = 1_000;

interface PresentSession extends RoomSession {
  readonly room: Room;
  readonly state: SessionState;
  readonly emitter: SessionEmitter;
  readonly peers: SessionPeers;
}

/** The loss of a connection. */
interface ConnectionLoss {
  /** Why it was lost, for the application. */
  readonly reason: string;
  /** Of the hook's error. @default 'ERR_RELAY_ABORTED' */
  readonly code?: RelayErrorCode;
  /** ms within which another connection may serve the session. */
  readonly graceMs: number;
  /** None has: the session has to end. */
  onExpired(): void;
  /** The loss was noticed in another process, which has told the application. */
  readonly known?: {
    /** Whether the others were told, too. */
    readonly isTold: boolean;
  };
}

/** Is told of sessions whose clients have lost their connections. */
export interface ConnectionObserver {
  lost(sessionId: string, error: RelayError): void;
  /** `detachedMs` is undefined if another connection has replaced one whose loss was not noticed. */
  ended(
    sessionId: string,
    outcome: 'resumed' | 'snapshot' | 'expired' | 'left',
    detachedMs: number | undefined,
  ): void;
}

/** Whether a session's client has its connection. While it has none, the session is detached: it goes on for the grace time. */
export class SessionPresence {
  readonly #session: PresentSession;
  readonly #observer: ConnectionObserver;
  /** `performance.now()` of the loss; undefined while the client has a connection. */
  #since: number | undefined;
  #grace: Deadline | undefined;
  #notice: Deadline | undefined;
  /** Whether the others have been notified of the loss. */
  #isTold = false;
  #isExpired = false;

  constructor(session: PresentSession, observer: ConnectionObserver) {
    this.#session = session;
    this.#observer = observer;
  }

  get isDetached(): boolean {
    return this.#since !== undefined;
  }

  /** ms since the client has lost its connection; 0 while it has one. */
  get detachedMs(): number {
    return this.#since === undefined ? 0 : performance.now() - this.#since;
  }

  /** The client has lost its connection. No effect unless the session is joined and attached. */
  detach({ reason, code = 'ERR_RELAY_ABORTED', graceMs, onExpired, known }: ConnectionLoss): void {
    const session = this.#session;
    if (this.isDetached || session.state !== 'joined') return;
    this.#since = performance.now();
    this.#isExpired = false;
    this.#isTold = known?.isTold === true;
    this.#grace = new Deadline(() => {
      this.#isExpired = true;
      onExpired();
    }, graceMs).unref();
    this.#notice = new Deadline(() => {
      this.#isTold = true;
      session.room.members.setConnection(session, 'interrupted');
    }, NOTICE_MS).unref();
    if (known) return;
    this.#observer.lost(session.id, new RelayError(code, reason));
    // The hook may have closed the session.
    if (this.isDetached) session.emitter.emit('detached', { graceMs, reason });
  }

  /**
   * Another connection serves the session, whether the loss of the last one was noticed or not. The client has the full time to
   * answer a pending offer of the SFU. `outcome`: whether it got every message that it had missed, or a description in place of some.
   */
  attach(outcome: 'resumed' | 'snapshot'): void {
    const session = this.#session;
    if (session.state !== 'joined') return;
    const detachedMs = this.#stop();
    for (const peer of session.peers.all) peer.restartAnswerTime();
    if (this.#isTold) session.room.members.setConnection(session, 'restored');
    this.#isTold = false;
    this.#observer.ended(session.id, outcome, detachedMs);
    // The hook may have closed the session.
    if (detachedMs !== undefined && session.state === 'joined')
      session.emitter.emit('attached', { detachedMs });
  }

  /** The session has ended. */
  left(): void {
    const detachedMs = this.#stop();
    if (detachedMs === undefined) return;
    this.#observer.ended(this.#session.id, this.#isExpired ? 'expired' : 'left', detachedMs);
  }

  /** Another process serves the session. */
  handedOver(): void {
    this.#stop();
  }

  /** @returns the ms without a connection; undefined if the session was not detached */
  #stop(): number | undefined {
    const detachedMs = this.isDetached ? this.detachedMs : undefined;
    this.#since = undefined;
    this.#grace?.cancel();
    this.#notice?.cancel();
    this.#grace = undefined;
    this.#notice = undefined;
    return detachedMs;
  }
}
