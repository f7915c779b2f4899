import type { RoomLog } from '../../backplane/backplane.js';
import type { RoomJournal } from '../../backplane/journal.js';
import type { RelayError } from '../../protocol/errors.js';
import type { RoomMembers } from '../participants/room-members.js';

/** The room under moderation. */
export interface ModeratedRoom {
  readonly id: string;
  readonly log: RoomLog;
  readonly journal: RoomJournal;
  readonly opened: Promise<unknown> | undefined;
  readonly members: RoomMembers;
  readonly messages: { forget(): void };
}

/** Moderates sessions that others serve. */
export interface ModerationElsewhere {
  /** Ends the user's sessions; resolves when their streams have ended. */
  close(userId: string, error: RelayError): Promise<void>;
  /** Resolves when the mutes of the tracks of this user are effective. */
  revise(userId: string): Promise<void>;
  /** Forgets the messages of the room, also where it is not any more. */
  forget(): Promise<void>;
}
