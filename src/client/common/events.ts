import type {
  Audience,
  ExpiringParams,
  GoawayParams,
  GrantsParams,
  InterruptionNotice,
  MessageDeletion,
  MuteParams,
  Participant,
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
 * `reconnecting-media`: the WebSocket is open, but media has stopped: the client restarts ICE, or the SFU has failed and another
 * SFU node takes over (the event `interrupted`).
 * `reconnecting`: the session is lost; the client creates another one with the same streams and subscriptions.
 * @category Client
 */
export type ClientState = 'open' | 'joining' | 'joined' | 'reconnecting-media' | 'reconnecting' | 'closed';

/**
 * A message of a predefined kind.
 * @category Client
 */
export interface MessageOf<Data> extends RoomMessage {
  readonly data: Data;
}

/**
 * What has become of a participant. `listed`: it was there before, counted as audience; `unlisted`: it is still there, and
 * counted as audience.
 * @category Client
 */
export interface ParticipantChange {
  revision: number;
  state: 'joined' | 'updated' | 'left' | 'listed' | 'unlisted';
  participant: Participant;
}

/**
 * What happens to the connection to the relay while the session and its media continue.
 * @category Client
 */
export type ConnectionEvent =
  | {
      /** The connection is lost. The client resumes the session within this time, on another connection. */
      state: 'interrupted';
      /** Why, for people. */
      reason: string;
      graceMs: number;
    }
  | {
      /** The session continues, and all messages that were waiting have arrived. */
      state: 'resumed';
      /** ms since the loss. */
      downMs: number;
      /** The number of messages that were waiting: of this client (`sent`), and of the relay (`received`). */
      kept: { sent: number; received: number };
      /** Too many were waiting: `client.participants` and the others are up to date, but earlier events were not emitted. */
      snapshot: boolean;
    }
  | {
      /** The session can't be resumed: the client joins again (`reconnecting`), or has ended (`close`). */
      state: 'lost';
      /** Why, for people. */
      reason: string;
    };

/** @category Client */
export type RelayClientEvents = {
  /** `client.state` has changed. */
  state: [state: ClientState];
  /** The connection to the relay was lost, is resumed, or can't be resumed. `client.state` does not change meanwhile. */
  connection: [event: ConnectionEvent];
  /** A participant joined, changed, left, or moved between the list and the audience. `client.participants` is already up to date. */
  participants: [change: ParticipantChange];
  /** The number of viewers that are not listed has changed. `client.audience` is already up to date. */
  audience: [audience: Audience];
  /** Participants of the page that `findParticipants()` has returned last have changed or left. */
  page: [changes: NonNullable<ParticipantsEvent['page']>];
  /**
   * A participant's tracks were added, muted, unmuted or removed. `client.participants` is already up to date. Media is announced
   * by `track`.
   */
  tracks: [event: TracksEvent];
  /** A track's media has arrived. */
  track: [remote: RemoteTrack];
  /** Once for each `track`: it was unpublished or unsubscribed, or its publisher or this client left. */
  trackended: [remote: RemoteTrack];
  /**
   * A message of the room, including those of this client. After a join the room's history follows, after a reconnect the missed
   * messages.
   */
  message: [message: RoomMessage];
  /** As `message`, for the kind `chat`. */
  chat: [message: MessageOf<{ text: string }>];
  /** As `message`, for the kind `gift`. */
  gift: [message: MessageOf<{ gift: string; count: number }>];
  /** As `message`, for the kind `like`: the likes since the last event, and their total. */
  like: [message: MessageOf<{ count: number; total: number }>];
  /** A moderator has deleted the message with this id. */
  messagedeleted: [deletion: MessageDeletion];
  /** The streams with audible audio, loudest first (Ion: `audioLevels`). */
  speakers: [streamIds: string[]];
  /** After each periodic report: the relay's figures, and the report. */
  stats: [stats: SessionStats, report: RTCStats[]];
  /** This client's grants have changed. `client.session` is already up to date. Tracks that are no longer allowed are unpublished. */
  grants: [params: GrantsParams];
  /** A moderator has muted or unmuted a track of this client. An unmuted track is published again, with another id. */
  mute: [params: MuteParams];
  /** The room was locked or unlocked. `client.session` is already up to date. */
  room: [params: RoomParams];
  /** The token expires soon. The client calls `getToken`; without it, call `authenticate()` with another token. */
  expiring: [params: ExpiringParams];
  /** The relay is going to close this connection. The client then reconnects. */
  goaway: [params: GoawayParams];
  /**
   * The SFU has failed, and media has stopped; `reason` says why. The session continues on another SFU node as soon as there is one:
   * then `state` is `joined`. Messages and moderation work in the meantime.
   */
  interrupted: [interruption: Pick<InterruptionNotice, 'reason'>];
  /** An error that no call rejects with. */
  error: [error: RelayClientError];
  /** The client has ended and does not reconnect. The last event, emitted once. */
  close: [info: CloseInfo];
};

export type Emit = <Name extends keyof RelayClientEvents>(
  name: Name,
  ...args: RelayClientEvents[Name]
) => void;
