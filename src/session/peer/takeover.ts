import { RelayError } from '../../protocol/errors.js';
import type { SessionCloseReason, SessionState } from '../../protocol/session-state.js';
import type { Room } from '../../room/room.js';

/** The session that a client had before. The one that takes its place remembers it. */
export interface Predecessor {
  readonly sessionId: string;
  /** Of the session token that the client has brought. */
  readonly tokenHash: string;
  readonly clientKey: string;
  /** `performance.now()` when the connection that has brought it was authenticated. */
  readonly connectedAt: number;
}

/** What is replaced. */
interface Replaceable {
  readonly id: string;
  readonly room: Room;
  readonly state: SessionState;
  close(reason: SessionCloseReason): Promise<void>;
}

/** A join that takes the place of sessions whose connection their client has lost. */
export class Takeover<Session extends Replaceable = Replaceable> {
  readonly predecessor: Predecessor;
  /** Each is proven to be the client's own. */
  readonly sessions: readonly Session[];

  constructor(predecessor: Predecessor, sessions: readonly Session[]) {
    this.predecessor = predecessor;
    this.sessions = sessions;
  }

  get sessionIds(): readonly string[] {
    return this.sessions.map(({ id }) => id);
  }

  /** The one whose seat in this room is taken over. */
  replacedIn(room: Room): Session | undefined {
    return this.sessions.find((session) => session.room === room && session.state === 'joined');
  }

  /** Resolves when the SFU has none of them any more: it would take their tracks and the new ones for the same. */
  async complete(): Promise<void> {
    const error = new RelayError(
      'ERR_RELAY_REPLACED',
      'Your client has joined again, on another connection.',
    );
    await Promise.all(this.sessions.map((session) => session.close({ by: 'relay', error })));
  }
}
