/**
 * The relay: its options and hooks, sessions, rooms, messages, errors.
 * @module sfu-relay
 */
export {
  type Authenticate,
  type AuthRequest,
  anonymous,
  type NoPrincipal,
  type Principal,
} from './access/authentication.js';
export { cookie } from './access/cookie.js';
export type { Backplane, BackplaneStatus } from './backplane/backplane.js';
export type { Ban, BanOptions, BanStore } from './backplane/ban-store.js';
export type { VideoCodec } from './guard/codecs.js';
export type { CandidatePolicy } from './guard/ice-candidate.js';
export type {
  AskedHook,
  AuthenticateContext,
  CloseContext,
  ConnectContext,
  HookAnswer,
  HookContext,
  HookFailure,
  Hooks,
  InterruptedContext,
  JoinContext,
  LeaveContext,
  MessageContext,
  MovedContext,
  ReplyContext,
  ResumedContext,
  SignalContext,
} from './hooks/hooks.js';
export type { CountLimits } from './limits/count-limits.js';
export type { LimitedMessage, RateLimiter } from './limits/rate-limiter.js';
export { type ChatData, type ChatOptions, chat } from './messages/chat.js';
export { type GiftData, type GiftOptions, gift } from './messages/gift.js';
export { type LikeData, like } from './messages/like.js';
export type {
  HistoryLimits,
  MessageData,
  MessageKind,
  MessageKinds,
  TallyOptions,
} from './messages/message-kind.js';
export type { SchemaIssue, SchemaOutput, SchemaResult, StandardSchema } from './messages/schema.js';
export { CloseCode } from './protocol/close-code.js';
export { ERRORS, RelayError, type RelayErrorCode, type RelayErrorOptions } from './protocol/errors.js';
export { LIMITS } from './protocol/limits.js';
export type {
  Audience,
  ParticipantPage,
  ParticipantQuery,
  ParticipantsEvent,
  TracksEvent,
} from './protocol/room-events.js';
export type { SessionCloseReason, SessionState } from './protocol/session-state.js';
export type {
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
  Track,
  TrackSource,
} from './protocol/types.js';
export {
  type ClusterSfuConfig,
  parseSfuConfig,
  type SfuConfig,
  type StandaloneSfuConfig,
} from './relay/config.js';
export type { BackplaneReport, HealthReport, NodeReport } from './relay/health.js';
export type { IceServersContext, IceServersFunction } from './relay/ice-servers.js';
export type {
  DrainNodeOptions,
  DrainReport,
  MoveRoomOptions,
  RoomMoveReport,
} from './relay/moves/move-options.js';
export type { DefaultMessageKinds, DuplicateUser, SfuRelayOptions } from './relay/options.js';
export { SfuRelay } from './relay/relay.js';
export type { RelayEvents } from './relay/relay-events.js';
export type { ResumptionOptions } from './relay/resumption-options.js';
export type { CreateSessionParams } from './relay/session-params.js';
export type { CloseOptions } from './relay/shutdown.js';
export { type TurnRestOptions, turnRest } from './relay/turn-rest.js';
export type { Room } from './room/room.js';
export type { SessionEvents } from './session/events/session-events.js';
export type { ReplyMessage, SignalMessage } from './session/peer/message-filters.js';
export type { RejoinParams } from './session/peer/next-peer.js';
export type { Session } from './session/session.js';
export type { IonOptions, SfuMetadata, SfuTlsOptions } from './sfu/ion/options.js';
export { type DnsSrvOptions, dnsSrv } from './sfu/pool/dns-srv.js';
export type {
  ClusterSfuOptions,
  LoadBalanceMethod,
  SelectNode,
  SfuNodeOptions,
  SfuNodeResolver,
  SfuNodeStatus,
  SfuOptions,
  StandaloneSfuOptions,
} from './sfu/pool/options.js';
export type { RoomMove } from './sfu/pool/placements.js';
export { acceptConnection } from './signaling/connection/accept-connection.js';
export type { ConnectionOptions, RequestOptions } from './signaling/options.js';
export type { ConnectionHandle, RelaySocket } from './signaling/socket/socket.js';
export type { HandshakeRequest } from './signaling/wire/handshake.js';
export type { Counter, CounterSet, Distribution, Outcome, Outcomes } from './telemetry/instruments.js';
export type {
  HookFailureReason,
  ReceivedMessage,
  RelayCounters,
  SentMessage,
} from './telemetry/relay-counters.js';
export type { Logger } from './util/logger.js';
export type { SafeEmitter } from './util/safe-emitter.js';
