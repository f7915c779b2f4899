import type { SessionCloseReason } from '../../protocol/session-state.js';
import type { Grants, Track } from '../../protocol/types.js';

/** A joining, joined or closing session under moderation. */
export interface ModeratedSession {
  readonly id: string;
  readonly userId: string;
  /** Whether the application chose the user id, not the client. */
  readonly isNamed: boolean;
  /** The id of the session in this room that this one replaces. */
  readonly replaces: string | undefined;
  readonly grants: Readonly<Grants>;
  readonly tracks: readonly Track[];
  readonly permissions: {
    /** Applies changed mutes at the SFU. */
    revise(): Promise<void>;
  };
  close(reason: SessionCloseReason): Promise<void>;
}
