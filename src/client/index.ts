/**
 * The browser's side of the relay: `connect()`, `join()`, `publish()`, watch. Guide: docs/CLIENT.md.
 * @module sfu-relay/client
 */
export type {
  CloseCode,
  ExpiringParams,
  GoawayParams,
  Grants,
  GrantsParams,
  IceServer,
  JoinResult,
  LiveGrants,
  MessageDeletion,
  MessageReceipt,
  Metadata,
  ModerateParams,
  MuteParams,
  MuteTarget,
  Participant,
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
export type { ClientState, MessageOf, RelayClientEvents } from './common/events.js';
export type { RemoteTrack } from './common/remote-track.js';
export { connect } from './connect.js';
export type { ConnectOptions } from './connect-options.js';
export type { PublishOptions } from './media/encodings.js';
export type { Publication } from './media/publisher.js';
export type { Layer } from './media/stream-control.js';
export type { SendOptions } from './room/message-feed.js';
export type { JoinOptions } from './session/join-options.js';
