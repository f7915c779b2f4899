/** The words that relay, wire and browser share. Types only. */

/**
 * What a participant does in a room; a shorthand for grants.
 * A publisher sends and receives media, a subscriber receives only.
 * @category Session
 */
export type Role = 'publisher' | 'subscriber';

/** The peer connection that a candidate belongs to: 0 the publisher's, 1 the subscriber's (Ion: `Target`). */
export type Target = 0 | 1;

/**
 * A session description (W3C `RTCSessionDescriptionInit`).
 * @category Session
 */
export interface SessionDescription {
  type: 'offer' | 'answer';
  sdp: string;
}

/**
 * An ICE candidate (W3C `RTCIceCandidateInit`).
 * @category Session
 */
export interface IceCandidate {
  candidate: string;
  sdpMid?: string | null;
  sdpMLineIndex?: number | null;
  usernameFragment?: string | null;
}

/**
 * An ICE server (W3C `RTCIceServer`).
 * @category Session
 */
export interface IceServer {
  urls: string | string[];
  username?: string;
  credential?: string;
}

/**
 * A published track, as the room knows it.
 * @category Room
 */
export interface Track {
  /** The MediaStreamTrack's id, from the publisher's `a=msid`. */
  trackId: string;
  /** The MediaStream's id, from the publisher's `a=msid`; equal to `event.streams[0].id` at a subscriber. */
  streamId: string;
  kind: 'audio' | 'video';
  /** The RIDs of the simulcast layers (`a=rid:… send`), empty without simulcast. */
  layers: string[];
  /** What its publisher says of it; no media is touched by it. */
  muted: boolean;
  /** In an event `removed`: the id of the track that takes its place. Its publisher sends the same on another connection. */
  replacedBy?: string;
}

/**
 * One session of a room, as the others see it.
 * @category Room
 */
export interface Participant {
  sessionId: string;
  userId: string;
  role: Role;
  tracks: Track[];
  /** What the participant tells of itself. */
  metadata?: Metadata;
}

/**
 * What a participant tells the room of itself: JSON, of up to 4 KiB.
 * @category Room
 */
export type Metadata = Readonly<Record<string, unknown>>;

/**
 * What a participant changes of itself; what is left out stays.
 * @category Room
 */
export interface ParticipantUpdate {
  metadata?: Metadata;
  /** Of its own tracks. */
  tracks?: readonly { trackId: string; muted: boolean }[];
}

/**
 * One participant came, changed its metadata, or left. `revision` counts the room's changes by one.
 * @category Room
 */
export interface ParticipantsEvent {
  revision: number;
  state: 'joined' | 'updated' | 'left';
  participant: Participant;
}

/**
 * One participant's tracks came, changed, or went. `revision` counts the room's changes by one.
 * @category Room
 */
export interface TracksEvent {
  revision: number;
  state: 'added' | 'updated' | 'removed';
  sessionId: string;
  userId: string;
  tracks: Track[];
}

/**
 * Which peer a client is to replace, and when.
 * @category Session
 */
export interface RejoinNotice {
  /** The number of the peer. */
  peer: number;
  /** ms to wait before: not all clients of a room at once. */
  afterMs: number;
  reason: string;
}

/**
 * A wish to receive a track, or not to.
 * @category Session
 */
export interface Subscription {
  trackId: string;
  subscribe: boolean;
  /** A RID of the track, exactly; left out without simulcast. */
  layer?: string;
}

/**
 * What `getStats()` gives, as a list (W3C webrtc-stats). Types other than `outbound-rtp`, `inbound-rtp`,
 * `remote-inbound-rtp` and `candidate-pair` are ignored.
 * @category Statistics
 */
export type StatsReport = ReadonlyArray<{
  id: string;
  type: string;
  timestamp: number;
  [member: string]: unknown;
}>;

/**
 * A session's figures, from its client's last two reports. Each is null until it is measured, and where the last report
 * does not have it: bitrates, and the loss of what is received, need two reports.
 * @category Statistics
 */
export interface SessionStats {
  sessionId: string;
  roomId: string;
  userId: string;
  role: Role;
  /** bit/s */
  videoBitrate: number | null;
  /** bit/s */
  audioBitrate: number | null;
  /** 0–1 */
  packetLoss: number | null;
  /** ms */
  jitter: number | null;
  /** ms */
  roundTripTime: number | null;
  /** ms since the epoch, by the relay's clock; null before the first report. */
  updatedAt: number | null;
}

/**
 * What is sent to a room.
 * @category Messages
 */
export interface OutgoingMessage {
  /** One of the kinds that the relay's option `messages` declares. */
  kind: string;
  /** JSON; what it has to be its kind says. */
  data?: unknown;
  /** A user: all its sessions in the room get it, and nobody else. @default everybody in the room, the sender too */
  to?: string;
  /** Of the sender's choice: what is sent again with the same one is carried out once. 1–128 characters. */
  id?: string;
}

/**
 * A message of a room, the same for all who get it.
 * @category Messages
 */
export interface RoomMessage {
  /** The relay's: no two are alike. */
  readonly id: string;
  readonly kind: string;
  readonly data: unknown;
  /** Left out where the server itself has sent it, or many have: likes. */
  readonly from?: { readonly sessionId: string; readonly userId: string };
  /** The user that it is for alone. */
  readonly to?: string;
  /** ms since the epoch, by the relay's clock. */
  readonly at: number;
}

/**
 * A moderator has deleted the message of this id.
 * @category Messages
 */
export interface MessageDeletion {
  readonly deleted: string;
}

/**
 * What became of a message.
 * @category Messages
 */
export interface MessageReceipt {
  /** The message's id; left out where it was counted only, as likes are. */
  readonly id?: string;
  /** ms since the epoch, by the relay's clock. */
  readonly at: number;
}

/**
 * What a participant may do; the names are LiveKit's. What is left out is allowed.
 * @category Authentication
 */
export interface Grants {
  /**
   * The rooms that it may join: a name, a pattern in which `*` stands for any characters (`class-*`), or a list of
   * them. @default any
   */
  room?: string | readonly string[];
  /** Send audio and video. @default true */
  canPublish?: boolean;
  /**
   * What it may send. A source is the client's word, so its kind is what is enforced: `camera` and `screen_share` are
   * video, `microphone` and `screen_share_audio` are audio. @default all
   */
  canPublishSources?: readonly TrackSource[];
  /** Tracks that it may send at a time. @default 16 */
  maxTracks?: number;
  /** Receive the others' tracks. @default true */
  canSubscribe?: boolean;
  /**
   * Send messages to the room: chat, gifts, likes, and the application's own. Ion passes on every data channel that a
   * client opens, so without this grant an offer may not have a section for them (`m=application`). ion-sdk-js always
   * has one and so can't join without this grant; the client library has none. A session that has one ends with
   * `ERR_RELAY_REJOIN` when this grant is taken away. It does not hold on the channels that others open: Ion opens
   * them at each viewer, who can write on them without this grant. `dataChannels: 'refuse'` closes that, as nobody can
   * open any then (docs/GUARD.md). @default true
   */
  canPublishData?: boolean;
  /** Not shown to the others; can't publish. @default false */
  hidden?: boolean;
  /** Moderate the room: mute, remove and ban others, change what they may do, lock and end it. @default false */
  roomAdmin?: boolean;
}

/**
 * What can be changed of a session's grants while it lasts.
 * @category Authentication
 */
export type LiveGrants = Pick<
  Grants,
  'canPublish' | 'canPublishSources' | 'maxTracks' | 'canSubscribe' | 'canPublishData' | 'roomAdmin'
>;

/**
 * Where a track comes from; LiveKit's names.
 * @category Authentication
 */
export type TrackSource = 'camera' | 'microphone' | 'screen_share' | 'screen_share_audio';

/**
 * What is muted: one track, or a user, whatever they publish now and later in this room.
 * @category Moderation
 */
export type MuteTarget = { trackId: string } | { userId: string /** @default both */; kind?: Track['kind'] };
