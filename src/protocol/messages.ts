/**
 * The wire between browser and relay: JSON-RPC 2.0, reference in docs/PROTOCOL.md.
 * Types and constants only, so that server and browser share this one file.
 */

import type {
  Audience,
  ParticipantPage,
  ParticipantQuery,
  ParticipantsEvent,
  TracksEvent,
} from './room-events.js';
import type {
  Grants,
  IceCandidate,
  IceServer,
  InterruptionNotice,
  LiveGrants,
  MessageDeletion,
  MessageReceipt,
  Metadata,
  MuteTarget,
  OutgoingMessage,
  Participant,
  ParticipantUpdate,
  RejoinNotice,
  Role,
  RoomMessage,
  SessionDescription,
  SessionStats,
  StatsReport,
  Subscription,
  Target,
} from './types.js';

export { CloseCode } from './close-code.js';
export type * from './room-events.js';
export type * from './types.js';
export type { Grants, LiveGrants, MuteTarget } from './types.js';

/** The WebSocket subprotocol. A client that offers none is served the same. */
export const SUBPROTOCOL = 'sfu-relay.v1';

/** A subprotocol entry of this form carries the token: browsers can't set headers on a WebSocket. */
export const BEARER_PREFIX = 'bearer.';

/** The request header that carries a session token over HTTP. */
export const SESSION_TOKEN_HEADER = 'sfu-session-token';

/**
 * An optional feature of a client. `rejoin`: it can replace its peer on the SFU. `resume`: it can continue a session on another
 * connection.
 * @category Client
 */
export type Capability = 'rejoin' | 'resume';

/** The number of the session's peer on the SFU that a message belongs to. @default the current peer */
export interface PeerParams {
  peer?: number;
}

/** `rejoin`, client → relay: another peer joins while the current one still exists, and becomes the current one. */
interface RejoinParams {
  /** The number of the new peer, greater than all earlier ones. The first peer of a session is 1. */
  peer: number;
  /** The offer of a new publisher connection, with all tracks to publish. */
  offer: SessionDescription;
  /** The new track ids by the old ids of the same tracks: the SFU accepts each id only once. */
  renamed?: Readonly<Record<string, string>>;
}

/** `join`, client → relay. */
export interface JoinParams {
  /** The room. */
  sid: string;
  /** The user id; that of the token takes precedence. */
  uid?: string;
  offer: SessionDescription;
  role?: Role;
  /** Flags of ion-sdk-js, `true` or `"true"`: `NoPublish`, `NoSubscribe`, `NoAutoSubscribe`. Others are ignored. */
  config?: Readonly<Record<string, unknown>>;
  metadata?: Metadata;
  /**
   * The session that this client had before it lost its connection. It ends, and the new one replaces it. A session that has
   * ended already is ignored.
   */
  replaces?: { sessionId: string; sessionToken: string };
  /** Unknown capabilities are ignored. */
  capabilities?: readonly (Capability | (string & {}))[];
}

/** The result of `join`: the answer, and the state of the session and the room. */
export interface JoinResult extends SessionDescription {
  type: 'answer';
  sessionId: string;
  /**
   * A secret that proves the ownership of the session, for `attach`, `replaces` and requests over HTTP. Only the result of `join`
   * has it: the relay keeps its hash.
   */
  sessionToken?: string;
  /** The client's capabilities that the relay uses. */
  capabilities: Capability[];
  /** With the capability `resume`: the time within which the session can be continued on another connection. */
  resumption?: { graceMs: number };
  /** The number of the session's current peer on the SFU. */
  peer: number;
  roomId: string;
  userId: string;
  role: Role;
  grants: Grants;
  /** The ids of this client's tracks that a moderator has muted. */
  muted: string[];
  /** Whether the room is locked: no new user may join. */
  locked: boolean;
  /**
   * The other listed participants with their tracks, as of `revision`. Those that exceed the length of one message follow as
   * `participants` notifications with the same revision.
   */
  participants: Participant[];
  /** The viewers that are not listed, this client among them if it is not. */
  audience: Audience;
  /** Whether this client is listed. A hidden one is neither listed nor counted. */
  listed: boolean;
  revision: number;
  iceServers: IceServer[];
  /** The maximum length of a message in bytes; a longer one is refused. */
  maxMessageBytes: number;
  /**
   * The room's history: the newest messages of kinds with a history, and the totals of counted kinds. Newer messages that exceed
   * the length of one message follow as `message` notifications.
   */
  messages: RoomMessage[];
}

/** `resume`, client → relay: continues a session whose connection is lost. */
export interface ResumeParams {
  sessionId: string;
  /** The newest one, of `join` or `resume`. */
  sessionToken: string;
  /** The number of counted frames that the client has received. */
  received: number;
}

/** The result of `resume`. Without `snapshot`, the frames follow that the client has not received. */
export interface ResumeResult {
  /** Replaces the last one. */
  sessionToken: string;
  /** The number of counted frames that the relay has received: the client sends again what it has sent after these. */
  received: number;
  /** The number of the frame before the next one that the relay sends. */
  sent: number;
  /** The state of the session and the room, in place of the frames that describe them. */
  snapshot?: JoinResult;
}

/** `ack`, in both directions: this many counted frames have been received. */
export interface AckParams {
  received: number;
}

export interface TrickleParams extends PeerParams {
  target: Target;
  candidate: IceCandidate;
}

/** `moderate`, client → relay: an action of a client with `roomAdmin` in its room. */
export type ModerateParams =
  | { action: 'kick'; userId: string; reason?: string }
  | { action: 'ban'; userId: string; durationMs?: number; reason?: string }
  | { action: 'unban'; userId: string }
  | ({ action: 'mute' | 'unmute' } & MuteTarget)
  | { action: 'lock' | 'unlock' }
  | { action: 'end'; reason?: string }
  | { action: 'updateGrants'; sessionId: string; grants: Omit<LiveGrants, 'roomAdmin'> }
  | { action: 'deleteMessage'; messageId: string };

/** `grants`, relay → client: this client's grants have changed. */
export interface GrantsParams {
  grants: Grants;
  role: Role;
}

/** `mute`, relay → client: a moderator has muted or unmuted a track of this client. */
export interface MuteParams {
  trackId: string;
  muted: boolean;
}

/** `room`, relay → client. */
export interface RoomParams {
  locked: boolean;
}

/** `goaway`, relay → client: this relay is going to close the connection. Connect again, to another relay. */
export interface GoawayParams {
  reason: string;
  /** ms to wait before connecting again. */
  reconnectAfterMs: number;
}

/** `expiring`, relay → client: send another token by `authenticate`; otherwise the connection is closed with 4401. */
export interface ExpiringParams {
  /** ms until the token expires. */
  expiresInMs: number;
}

/** Requests: client → relay, params and result. */
export interface ClientRequests {
  /** The first request if the handshake had no token; later, sends a newer token. */
  authenticate: { params: { token: string }; result: { userId: string | null } };
  join: { params: JoinParams; result: JoinResult };
  /**
   * Moves a session of the same user to this connection: one that was created over HTTP, or is on another connection. Requires its
   * session token if the application names no user.
   */
  attach: {
    params: {
      sessionId: string;
      sessionToken?: string;
      capabilities?: JoinParams['capabilities'];
      /** The id of the last event of the session's event stream that the client has received. */
      lastEventId?: string;
    };
    result: JoinResult;
  };
  /** As `join`, but the session continues: the others are not notified, and limits of joins do not count it. */
  rejoin: { params: RejoinParams; result: JoinResult };
  /** The first request of a new connection, after its authentication. */
  resume: { params: ResumeParams; result: ResumeResult };
  offer: { params: { desc: SessionDescription } & PeerParams; result: SessionDescription };
  subscribe: { params: { subscriptions: Subscription[] } & PeerParams; result: Record<string, never> };
  update: { params: ParticipantUpdate; result: Record<string, never> };
  participants: { params?: ParticipantQuery; result: ParticipantPage };
  message: { params: OutgoingMessage; result: MessageReceipt };
  stats: { params: { report: StatsReport }; result: SessionStats };
  moderate: { params: ModerateParams; result: Record<string, never> };
  /**
   * `peer`: leaves only the peer that a `rejoin` has replaced. `afterMs` of the result: others still receive media from that peer,
   * so it stays; ask again after this time.
   */
  leave: { params?: PeerParams; result: { afterMs?: number } };
  ping: { params?: undefined; result: Record<string, never> };
}

/** Notifications: client → relay. */
export interface ClientNotifications {
  ack: AckParams;
  answer: { desc: SessionDescription } & PeerParams;
  trickle: TrickleParams;
}

/** Notifications: relay → client. */
export interface RelayNotifications {
  /**
   * The first message of an event stream (server-sent events): the result of `join`. `received`: where a WebSocket has served the session
   * before, the number of its client's frames that the relay has received ({@link AckParams}).
   */
  joined: JoinResult & { received?: number };
  /** Sent only to clients with the capability `resume`. */
  ack: AckParams;
  offer: SessionDescription & PeerParams;
  trickle: TrickleParams;
  /** The peer is near a limit, or lost, or its room moves: the client must `rejoin`. Sent only to clients with that capability. */
  rejoin: RejoinNotice;
  /** The SFU has lost the peer: the client waits for `rejoin`. Sent only to clients with that capability. */
  interrupted: InterruptionNotice;
  participants: ParticipantsEvent;
  tracks: TracksEvent;
  expiring: ExpiringParams;
  message: RoomMessage | MessageDeletion;
  grants: GrantsParams;
  mute: MuteParams;
  room: RoomParams;
  goaway: GoawayParams;
}

/** A JSON-RPC error object. `data.code` is stable, `message` is for people. */
export interface ErrorObject {
  code: number;
  message: string;
  data?: {
    code: string;
    /** The application's own code, if it refused the request with one; `code` is then `ERR_RELAY_FORBIDDEN`. */
    appCode?: string;
    /** Whether the same request may succeed later. */
    retryable: boolean;
    /** ms to wait before the next attempt, if known. */
    retryAfterMs?: number;
    /** The method of a refused notification; its error has `id: null`. */
    method?: string;
    /** This error ends the connection: it has `id: null`, and the close frame with this code follows. */
    closeCode?: number;
  };
}
