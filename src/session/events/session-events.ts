import type { ParticipantsEvent, TracksEvent } from '../../protocol/room-events.js';
import type { SessionCloseReason } from '../../protocol/session-state.js';
import type {
  Grants,
  IceCandidate,
  InterruptionNotice,
  MessageDeletion,
  RejoinNotice,
  Role,
  RoomMessage,
  SessionDescription,
  SessionStats,
  Target,
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
  /** The peer on the SFU nears a limit, or is lost: the client has to replace it ({@link Session.rejoin}). */
  rejoin: [notice: RejoinNotice];
  /** The SFU has lost the peer. `rejoin` follows, as soon as an SFU node can take the room. */
  interrupted: [notice: InterruptionNotice];
  /** Another peer has replaced the lost one; `peer` is its number. */
  resumed: [event: { peer: number }];
  /**
   * The client has lost its connection, for `reason`. The session goes on: it stays in the room, and its media may flow. It ends
   * unless another connection of the client serves it within `graceMs` ms. Only for sessions of clients with the capability `resume`.
   */
  detached: [event: { graceMs: number; reason: string }];
  /** Another connection serves the session, which was detached for `detachedMs` ms. */
  attached: [event: { detachedMs: number }];
  /** The last event, exactly once. */
  close: [reason: SessionCloseReason];
};
