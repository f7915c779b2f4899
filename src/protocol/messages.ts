/**
 * The wire between browser and relay: JSON-RPC 2.0, reference in docs/PROTOCOL.md.
 * Types and constants only, so that server and browser share this one file.
 */

import type {
  Grants,
  IceCandidate,
  IceServer,
  LiveGrants,
  MessageDeletion,
  MessageReceipt,
  Metadata,
  MuteTarget,
  OutgoingMessage,
  Participant,
  ParticipantsEvent,
  ParticipantUpdate,
  RejoinNotice,
  Role,
  RoomMessage,
  SessionDescription,
  SessionStats,
  StatsReport,
  Subscription,
  Target,
  TracksEvent,
} from './types.js';

export { CloseCode } from './close-code.js';
export type * from './types.js';
export type { Grants, LiveGrants, MuteTarget } from './types.js';

/** The WebSocket subprotocol. A client that offers none is served the same. */
export const SUBPROTOCOL = 'sfu-relay.v1';

/** A subprotocol entry of this form carries the token: browsers can't set headers on a WebSocket. */
export const BEARER_PREFIX = 'bearer.';

/** The request header that carries a session token over HTTP. */
export const SESSION_TOKEN_HEADER = 'sfu-session-token';

/**
 * What a client can do beyond the methods that all have: `rejoin`, replace its peer on the SFU.
 */
export type Capability = 'rejoin';

/** Which of the session's peers on the SFU a message is of. @default the current one */
export interface PeerParams {
  peer?: number;
}

/** `rejoin`, client → relay: another peer joins, beside the current one, and is the current one from then on. */
interface RejoinParams {
  /** The number of the new peer, greater than those of all before; the first one of a session is 1. */
  peer: number;
  /** Of a new publisher connection, with all that is to be published. */
  offer: SessionDescription;
  /** Its track ids, by the ids that the same tracks have had so far. The SFU needs new ones. */
  renamed?: Readonly<Record<string, string>>;
}

/** `join`, client → relay. */
export interface JoinParams {
  /** The room. */
  sid: string;
  /** The user; what authentication says wins. */
  uid?: string;
  offer: SessionDescription;
  role?: Role;
  /** Flags of ion-sdk-js, `true` or `"true"`: `NoPublish`, `NoSubscribe`, `NoAutoSubscribe`. Others are ignored. */
  config?: Readonly<Record<string, unknown>>;
  metadata?: Metadata;
  /**
   * The session that this client has lost the connection of: it ends, and the new one takes its place. One that has ended
   * already is ignored.
   */
  replaces?: { sessionId: string; sessionToken: string };
  /** What is not known here is ignored. */
  capabilities?: readonly (Capability | (string & {}))[];
}

/** The result of `join`: the answer, and what the client has to know of the room. */
export interface JoinResult extends SessionDescription {
  type: 'answer';
  sessionId: string;
  /**
   * Proves that the session is this client's own, for `attach`, `replaces` and over HTTP. Given once, in the result of `join`: the
   * relay keeps only its hash. A secret.
   */
  sessionToken?: string;
  /** Those of the client's that are in effect. */
  capabilities: Capability[];
  /** The number of the session's current peer on the SFU. */
  peer: number;
  roomId: string;
  userId: string;
  role: Role;
  grants: Grants;
  /** Of one's own tracks, those that a moderator has cut off. */
  muted: string[];
  /** Whether nobody may join now. */
  locked: boolean;
  /** The others, with their tracks, as of `revision`. */
  participants: Participant[];
  revision: number;
  iceServers: IceServer[];
  /** A longer message is not taken. */
  maxMessageBytes: number;
  /** What the room was told before: of kinds with a history the newest, of those that are counted the totals. */
  messages: RoomMessage[];
}

export interface TrickleParams extends PeerParams {
  target: Target;
  candidate: IceCandidate;
}

/** `moderate`, client → relay: what a client with `roomAdmin` does in its own room. */
export type ModerateParams =
  | { action: 'kick'; userId: string; reason?: string }
  | { action: 'ban'; userId: string; durationMs?: number; reason?: string }
  | { action: 'unban'; userId: string }
  | ({ action: 'mute' | 'unmute' } & MuteTarget)
  | { action: 'lock' | 'unlock' }
  | { action: 'end'; reason?: string }
  | { action: 'updateGrants'; sessionId: string; grants: Omit<LiveGrants, 'roomAdmin'> }
  | { action: 'deleteMessage'; messageId: string };

/** `grants`, relay → client: what this client may do has changed. */
export interface GrantsParams {
  grants: Grants;
  role: Role;
}

/** `mute`, relay → client: a moderator has cut off this client's own track, or lets it be heard again. */
export interface MuteParams {
  trackId: string;
  muted: boolean;
}

/** `room`, relay → client. */
export interface RoomParams {
  locked: boolean;
}

/** `goaway`, relay → client: this relay is about to close the connection; connect again elsewhere. */
export interface GoawayParams {
  reason: string;
  /** ms to wait before connecting again. */
  reconnectAfterMs: number;
}

/** `expiring`, relay → client: bring another token by `authenticate`, or be put out with 4401. */
export interface ExpiringParams {
  /** ms until the token expires. */
  expiresInMs: number;
}

/** Requests: client → relay, params and result. */
export interface ClientRequests {
  /** As the first request, where the handshake had no token; later, to bring a newer one. */
  authenticate: { params: { token: string }; result: { userId: string | null } };
  join: { params: JoinParams; result: JoinResult };
  /**
   * Takes over a session of the same user: one that was created over HTTP, or is on another connection. With its session
   * token, where the application names no user.
   */
  attach: {
    params: { sessionId: string; sessionToken?: string; capabilities?: JoinParams['capabilities'] };
    result: JoinResult;
  };
  /** As `join`, of a session that goes on: nobody hears of it, and no limit of joins counts it. */
  rejoin: { params: RejoinParams; result: JoinResult };
  offer: { params: { desc: SessionDescription } & PeerParams; result: SessionDescription };
  subscribe: { params: { subscriptions: Subscription[] } & PeerParams; result: Record<string, never> };
  update: { params: ParticipantUpdate; result: Record<string, never> };
  message: { params: OutgoingMessage; result: MessageReceipt };
  stats: { params: { report: StatsReport }; result: SessionStats };
  moderate: { params: ModerateParams; result: Record<string, never> };
  /** With `peer`: only the peer that a `rejoin` has replaced. */
  leave: { params?: PeerParams; result: Record<string, never> };
  ping: { params?: undefined; result: Record<string, never> };
}

/** Notifications: client → relay. */
export interface ClientNotifications {
  answer: { desc: SessionDescription } & PeerParams;
  trickle: TrickleParams;
}

/** Notifications: relay → client. */
export interface RelayNotifications {
  /** The first message of an event stream (server-sent events): what `join` results in on a WebSocket. */
  joined: JoinResult;
  offer: SessionDescription & PeerParams;
  trickle: TrickleParams;
  /** The peer nears a limit: the client is to `rejoin`. Only to clients with that capability. */
  rejoin: RejoinNotice;
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
    /** The application's own code, where it has refused the request by one; `code` is then `ERR_RELAY_FORBIDDEN`. */
    appCode?: string;
    /** Whether the same request may succeed later. */
    retryable: boolean;
    /** ms after which it may, where that is known. */
    retryAfterMs?: number;
    /** The method of a refused notification; its error has `id: null`. */
    method?: string;
    /** This error ends the connection: it has `id: null`, and the close frame with this code follows. */
    closeCode?: number;
  };
}
