import { RelayError } from '../../protocol/errors.js';
import type { SessionCloseReason, SessionState } from '../../protocol/session-state.js';
import type { LiveGrants } from '../../protocol/types.js';
import type { Room } from '../../room/room.js';

/** The session that a client had before, remembered by the one that replaces it. */
export interface Predecessor {
  readonly sessionId: string;
  /** The hash of the session token that the client has sent. */
  readonly tokenHash: string;
  readonly clientKey: string;
  /** `performance.now()` at the authentication of the connection that sent the token. */
  readonly connectedAt: number;
}

/** A session that is replaced. */
interface Replaceable {
  readonly id: string;
  readonly room: Room;
  readonly state: SessionState;
  close(reason: SessionCloseReason): Promise<void>;
}

/** A session of another process that is replaced. */
export interface ReplaceableElsewhere {
  readonly id: string;
  readonly roomId: string;
  /** The session that replaces it. */
  heir: string | undefined;
  /** Called with the changes of its grants, where its process is alive. */
  inherit: (changes: LiveGrants) => void;
  /** Resolves when its peer on the SFU has ended, or its process is dead. */
  complete(): Promise<void>;
}

/** Sessions that a join replaces, because their client has lost its connection. */
export class Takeover<Session extends Replaceable = Replaceable> {
  readonly predecessor: Predecessor;
  /** The client has proved that each is its own. */
  readonly sessions: readonly Session[];
  readonly elsewhere: ReplaceableElsewhere | undefined;

  constructor(
    predecessor: Predecessor,
    sessions: readonly Session[],
    elsewhere: ReplaceableElsewhere | undefined,
  ) {
    this.predecessor = predecessor;
    this.sessions = sessions;
    this.elsewhere = elsewhere;
  }

  get sessionIds(): readonly string[] {
    const ids = this.sessions.map(({ id }) => id);
    return this.elsewhere ? [...ids, this.elsewhere.id] : ids;
  }

  /** The replaced session in this room. */
  replacedIn(room: Room): Session | undefined {
    return this.sessions.find((session) => session.room === room && session.state === 'joined');
  }

  /** The id of the replaced session in this room, in whichever process it is. */
  idIn(room: Room): string | undefined {
    return this.replacedIn(room)?.id ?? (this.elsewhere?.roomId === room.id ? this.elsewhere.id : undefined);
  }

  /** Resolves when the SFU has ended all of them: it would confuse their tracks with the new ones. */
  async complete(): Promise<void> {
    const error = joinedAgain();
    const closed = this.sessions.map((session) => session.close({ by: 'relay', error }));
    await Promise.all([...closed, this.elsewhere?.complete()]);
  }
}

export function joinedAgain(): RelayError {
  return new RelayError('ERR_RELAY_REPLACED', 'Your client has joined again, on another connection.');
}
