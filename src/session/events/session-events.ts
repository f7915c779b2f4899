import type { SessionCloseReason } from '../../protocol/session-state.js';
import type {
  Grants,
  IceCandidate,
  MessageDeletion,
  ParticipantsEvent,
  RejoinNotice,
  Role,
  RoomMessage,
  SessionDescription,
  SessionStats,
  Target,
  TracksEvent,
} from '../../protocol/types.js';

/**
 * What a session says. `offer` and `candidate` wait for their first listener; the others don't.
 * @category Session
 */
export type SessionEvents = {
  /** The SFU's offer of the subscriber connection: to be answered by `answerOffer`. */
  offer: [offer: SessionDescription & { peer?: number }];
  /** The SFU's answer to an `offer()`, which resolves with the same. */
  answer: [answer: SessionDescription];
  /** The SFU's candidate. Those of the subscriber connection come after its first offer. */
  candidate: [candidate: { target: Target; candidate: IceCandidate; peer?: number }];
  participants: [event: ParticipantsEvent];
  tracks: [event: TracksEvent];
  stats: [stats: SessionStats];
  /** What it may do has changed. */
  grants: [event: { grants: Readonly<Grants>; role: Role }];
  /** A moderator has cut off one of its own tracks, or lets it be heard again. */
  mute: [mute: { trackId: string; muted: boolean }];
  /** A message of the room, its own ones too. */
  message: [message: RoomMessage];
  messagedeleted: [deletion: MessageDeletion];
  /** The room was locked, or unlocked. */
  room: [state: { locked: boolean }];
  /** Its peer on the SFU nears a limit: the client is to replace it (docs/PROTOCOL.md, `rejoin`). */
  rejoin: [notice: RejoinNotice];
  /** The last event, exactly once. */
  close: [reason: SessionCloseReason];
};
