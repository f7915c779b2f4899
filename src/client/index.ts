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
export type { CloseInfo } from './close.js';
export { type ConnectOptions, connect } from './connect.js';
export type { Layer } from './control.js';
export type { Emitter } from './emitter.js';
export type { PublishOptions } from './encodings.js';
export { RelayClientError } from './errors.js';
export type { ClientState, MessageOf, RelayClientEvents } from './events.js';
export type { SendOptions } from './messages.js';
export type { JoinOptions } from './options.js';
export type { Publication } from './publisher.js';
export type { RemoteTrack } from './remote-tracks.js';
