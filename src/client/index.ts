/**
 * The browser client: connects to the relay, joins a room, sends and receives media. Guide: docs/CLIENT.md.
 * @module sfu-relay/client
 */
export type {
  Audience,
  Capability,
  CloseCode,
  ExpiringParams,
  GoawayParams,
  Grants,
  GrantsParams,
  IceServer,
  InterruptionNotice,
  JoinResult,
  LiveGrants,
  MessageDeletion,
  MessageReceipt,
  Metadata,
  ModerateParams,
  MuteParams,
  MuteTarget,
  Participant,
  ParticipantPage,
  ParticipantQuery,
  ParticipantsEvent,
  Role,
  RoomMessage,
  RoomParams,
  SessionDescription,
  SessionStats,
  Subscription,
  Track,
  TracksEvent,
} from '../protocol/messages.js';
export type { TrackSource } from '../protocol/types.js';
export type { RelayClient } from './client.js';
export type { CloseInfo } from './common/close.js';
export type { Emitter } from './common/emitter.js';
export { RelayClientError } from './common/errors.js';
export type {
  ClientState,
  ConnectionEvent,
  MessageOf,
  ParticipantChange,
  RelayClientEvents,
} from './common/events.js';
export type { RemoteTrack } from './common/remote-track.js';
export { connect } from './connect.js';
export type { ConnectOptions } from './connect-options.js';
export type { PublishOptions } from './media/encodings.js';
export type { Publication } from './media/publisher.js';
export type { Layer } from './media/stream-control.js';
export type { SendOptions } from './room/message-feed.js';
export type { AttachOptions, JoinOptions } from './session/entry.js';
