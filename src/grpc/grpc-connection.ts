import type { CancelSignal } from '../util/cancellation.js';
import type { ConnectionTarget } from './failed-connection.js';
import type { SfuMetadata } from './metadata.js';
import type { Status } from './status.js';

/** One HTTP/2 connection to the SFU, shared by as many sessions as its limit of streams allows. */
export interface GrpcConnection {
  /** Open and reserved calls. */
  streams: number;
  /** The server's limit of concurrent calls, if it is known. */
  readonly maxStreams: number;
  /** The SFU has missed a deadline: no new call is made until it sends something. */
  suspect: boolean;
  /** No further call is accepted; open ones continue. */
  readonly isLeaving: boolean;
  /**
   * Resolves when the connection is established.
   * @throws RelayError `ERR_RELAY_SFU_UNAVAILABLE` as soon as connecting fails, `ERR_RELAY_SFU_TIMEOUT`,
   * `ERR_RELAY_ABORTED`
   */
  ready(signal: CancelSignal): Promise<void>;
  /**
   * `metadata`: of this call, in addition to that of the connection.
   * @throws RelayError `ERR_RELAY_SFU_UNAVAILABLE`: the connection was lost
   */
  call(listener: CallListener, metadata?: SfuMetadata): GrpcCall;
  /** Closes the connection and its open calls. */
  close(): void;
}

/** One bidirectional call. */
export interface GrpcCall {
  /** The number of messages that are not sent yet. */
  readonly pending: number;
  /** Sends a message, which begins with its prefix. */
  write(framed: Buffer): void;
  /** Half-closes the call. */
  end(): void;
  cancel(): void;
}

/** Receives a call's messages and its end. */
export interface CallListener {
  /** Receives a message, which is valid until the method returns. */
  onMessage(message: Buffer): void;
  /** Called last, and once. */
  onEnd(status: Status): void;
}

export interface ConnectionSetup extends ConnectionTarget {
  authority?: string | undefined;
  /** The metadata of all calls. */
  metadata?: SfuMetadata | undefined;
  /** The path of the gRPC method. */
  method: string;
  connectTimeoutMs: number;
  /** May change: read it before each wait. */
  readonly keepaliveTimeMs: number;
  /** ms within which the server has to answer a ping. */
  pingTimeoutMs: number;
  /** The server refuses one ping in `timeMs` as too many. */
  onTooManyPings(timeMs: number): void;
  /** The connection has closed. `cutCalls`: it was lost with open calls, which end afterwards. */
  onClosed(connection: GrpcConnection, cutCalls: boolean): void;
}

/** The prefix of each message: compressed flag and length (gRPC's PROTOCOL-HTTP2). */
export const PREFIX_BYTES = 5;
/** The maximum length of a received message: gRPC's default. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
