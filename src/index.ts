export {
  type Authenticate,
  type AuthRequest,
  anonymous,
  type NoPrincipal,
  type Principal,
} from './authentication.js';
export { CloseCode } from './close-code.js';
export type { VideoCodec } from './codecs.js';
export { parseSfuConfig, type SfuConfig } from './config.js';
export { cookie } from './cookie.js';
export type { CountLimits } from './count-limits.js';
export type { Counter, CounterSet, Distribution, Outcome, Outcomes } from './counter.js';
export type { ReceivedMessage, RelayCounters, SentMessage } from './counters.js';
export { ERRORS, RelayError, type RelayErrorCode, type RelayErrorOptions } from './errors.js';
export type { Grants, LiveGrants, TrackSource } from './grants.js';
export type { HookFailureReason } from './hook-runner.js';
export type {
  AskedHook,
  AuthenticateContext,
  CloseContext,
  ConnectContext,
  HookAnswer,
  HookContext,
  HookFailure,
  Hooks,
  JoinContext,
  LeaveContext,
  MessageContext,
  ReplyContext,
  ReplyMessage,
  SignalContext,
  SignalMessage,
} from './hooks.js';
export type { CandidatePolicy } from './ice.js';
export type { IceServersContext, IceServersFunction } from './ice-servers.js';
export { LIMITS } from './limits.js';
export type { Logger } from './logger.js';
export { type ChatOptions, chat } from './messages/chat.js';
export { type GiftOptions, gift } from './messages/gift.js';
export type { HistoryLimits, MessageKind, MessageKinds, TallyOptions } from './messages/kinds.js';
export { like } from './messages/like.js';
export type { SchemaIssue, SchemaResult, StandardSchema } from './messages/schema.js';
export type {
  IceCandidate,
  IceServer,
  MessageDeletion,
  MessageReceipt,
  Metadata,
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
  Track,
  TracksEvent,
} from './model.js';
export type { Ban, BanOptions, BanStore } from './moderation/bans.js';
export type { MuteTarget } from './moderation/mutes.js';
export type { DuplicateUser, SfuRelayOptions } from './options.js';
export type { LimitedMessage, RateLimiter } from './rate-limiter.js';
export {
  type CreateSessionParams,
  type HealthReport,
  type RelayEvents,
  SfuRelay,
} from './relay.js';
export type { Room } from './room.js';
export type { Session } from './session.js';
export type { SessionCloseReason, SessionEvents, SessionState } from './session-events.js';
export type { SfuMetadata, SfuOptions, SfuTlsOptions } from './sfu/options.js';
export {
  acceptConnection,
  type ConnectionHandle,
  type ConnectionOptions,
} from './signal/connection.js';
export type { HandshakeRequest, RelaySocket } from './signal/socket.js';
export { type TurnRestOptions, turnRest } from './turn-rest.js';
