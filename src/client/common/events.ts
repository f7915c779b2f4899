import type {
  ExpiringParams,
  GoawayParams,
  GrantsParams,
  MessageDeletion,
  MuteParams,
  ParticipantsEvent,
  RoomMessage,
  RoomParams,
  SessionStats,
  TracksEvent,
} from '../../protocol/messages.js';
import type { CloseInfo } from './close.js';
import type { RelayClientError } from './errors.js';
import type { RemoteTrack } from './remote-track.js';

/**
 * `reconnecting-media`: the signalling stands, but a peer connection has lost its way to the SFU; ICE is restarted.
 * `reconnecting`: the session is lost, and another one is being made like it.
 * @category Client
 */
export type ClientState = 'open' | 'joining' | 'joined' | 'reconnecting-media' | 'reconnecting' | 'closed';

/**
 * A message of one of the kinds that are ready made.
 * @category Client
 */
export interface MessageOf<Data> extends RoomMessage {
  readonly data: Data;
}

/** @category Client */
export type RelayClientEvents = {
  /** Every change of `client.state`. */
  state: [state: ClientState];
  /** Somebody came, changed their metadata, or left; `client.participants` knows already. */
  participants: [event: ParticipantsEvent];
  /** Somebody's tracks came, were muted or not, or went; `client.participants` knows already. Their media comes with `track`. */
  tracks: [event: TracksEvent];
  /** Media arrives. */
  track: [remote: RemoteTrack];
  /** Once for each `track`: it was unpublished, unsubscribed, its publisher left, or we did. */
  trackended: [remote: RemoteTrack];
  /** A message of the room, our own ones too; on joining those before, on coming back those that we have missed. */
  message: [message: RoomMessage];
  /** As `message`: what somebody has written. */
  chat: [message: MessageOf<{ text: string }>];
  /** As `message`: what somebody gives. */
  gift: [message: MessageOf<{ gift: string; count: number }>];
  /** As `message`: likes since the last of these, and all so far. */
  like: [message: MessageOf<{ count: number; total: number }>];
  /** A moderator has deleted the message of this id. */
  messagedeleted: [deletion: MessageDeletion];
  /** The streams that are heard, loudest first (Ion: `audioLevels`). */
  speakers: [streamIds: string[]];
  /** After each periodic report: the relay's figures, and what was reported. */
  stats: [stats: SessionStats, report: RTCStats[]];
  /** What we may do has changed; `client.session` knows already. What may not be sent any more is being unpublished. */
  grants: [params: GrantsParams];
  /** A moderator has cut off a track of ours, or lets it be heard again: it is then sent anew, under another id. */
  mute: [params: MuteParams];
  /** The room was locked, or unlocked; `client.session` knows already. */
  room: [params: RoomParams];
  /** The token is about to expire. With `getToken` another one is brought by itself; without, `authenticate()` does. */
  expiring: [params: ExpiringParams];
  /** The relay is about to close this connection; the client then connects again by itself. */
  goaway: [params: GoawayParams];
  /** What failed with nobody waiting for it. */
  error: [error: RelayClientError];
  /** It is over, and the client won't come back by itself. The last event, exactly once. */
  close: [info: CloseInfo];
};

export type Emit = <Name extends keyof RelayClientEvents>(
  name: Name,
  ...args: RelayClientEvents[Name]
) => void;
