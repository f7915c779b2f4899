/**
 * The browser's side of the relay: `connect()`, `join()`, `publish()`, watch. Guide: docs/CLIENT.md.
 * @packageDocumentation
 */
export type {
  GoawayParams,
  IceServer,
  JoinResult,
  Metadata,
  Participant,
  ParticipantsEvent,
  Role,
  SessionDescription,
  SessionStats,
  Subscription,
  Track,
  TracksEvent,
} from '../signal/protocol.js';
export { CloseCode } from '../signal/protocol.js';
export { type JoinOptions, RelayClient } from './client.js';
export { type ConnectOptions, connect } from './connect.js';
export type { Layer } from './control.js';
export type { Emitter } from './emitter.js';
export type { PublishOptions } from './encodings.js';
export { RelayClientError } from './errors.js';
export type { ClientState, RelayClientEvents } from './events.js';
export type { Publication } from './publisher.js';
export type { RemoteTrack } from './remote-tracks.js';
export type { CloseInfo } from './rpc.js';
