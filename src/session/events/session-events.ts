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
 * The events of a session. `offer` and `candidate` are held until their first listener; the others are not.
 * @category Session
 */
export type SessionEvents = {
  /** The SFU's offer for the subscriber connection: answer it by `answerOffer`. */
  offer: [offer: SessionDescription & { peer?: number }];
  /** The SFU's answer to an `offer()`, which resolves with it, too. */
  answer: [answer: SessionDescription];
  /** A candidate of the SFU. Those of the subscriber connection follow its first offer. */
  candidate: [candidate: { target: Target; candidate: IceCandidate; peer?: number }];
  participants: [event: ParticipantsEvent];
  tracks: [event: TracksEvent];
  stats: [stats: SessionStats];
  /** The grants or the role have changed. */
  grants: [event: { grants: Readonly<Grants>; role: Role }];
  /** A moderator has muted or unmuted one of the session's own tracks. */
  mute: [mute: { trackId: string; muted: boolean }];
  /** A message of the room, the session's own ones included. */
  message: [message: RoomMessage];
  messagedeleted: [deletion: MessageDeletion];
  /** The room was locked, or unlocked. */
  room: [state: { locked: boolean }];
  /** The peer on the SFU nears a limit: the client has to replace it (docs/PROTOCOL.md, `rejoin`). */
  rejoin: [notice: RejoinNotice];
  /** The last event, exactly once. */
  close: [reason: SessionCloseReason];
};
