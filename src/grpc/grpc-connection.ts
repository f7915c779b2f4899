import type { CancelSignal } from '../util/cancellation.js';
import type { ConnectionTarget } from './failed-connection.js';
import type { SfuMetadata } from './metadata.js';
import type { Status } from './status.js';

/** One HTTP/2 connection to the SFU, shared by the sessions that it has room for. */
export interface GrpcConnection {
  /** Calls that are open, or about to be. */
  streams: number;
  /** Calls that the SFU's server takes on it at a time, as far as it has said so. */
  readonly maxStreams: number;
  /** The SFU was silent when it should have answered: no new call until it says something again. */
  suspect: boolean;
  /** It takes no further call; those that are open go on. */
  readonly isLeaving: boolean;
  /**
   * Resolves when the connection stands.
   * @throws RelayError `ERR_RELAY_SFU_UNAVAILABLE` as soon as connecting fails, `ERR_RELAY_SFU_TIMEOUT`,
   * `ERR_RELAY_ABORTED`
   */
  ready(signal: CancelSignal): Promise<void>;
  /**
   * `metadata`: of this call, beside that of the connection.
   * @throws RelayError `ERR_RELAY_SFU_UNAVAILABLE`: it was lost.
   */
  call(listener: CallListener, metadata?: SfuMetadata): GrpcCall;
  /** Ends it, and the calls that are open. */
  close(): void;
}

/** One bidirectional call. */
export interface GrpcCall {
  /** Messages that the other side has not taken yet. */
  readonly pending: number;
  /** Sends a message, its prefix before it. */
  write(framed: Buffer): void;
  /** Half-closes. */
  end(): void;
  cancel(): void;
}

/** Where a call's messages and its end go. */
export interface CallListener {
  /** One message, which holds until this returns. */
  onMessage(message: Buffer): void;
  /** The last call, once. */
  onEnd(status: Status): void;
}

export interface ConnectionSetup extends ConnectionTarget {
  authority?: string | undefined;
  /** Of all calls. */
  metadata?: SfuMetadata | undefined;
  /** The path of the method that is called. */
  method: string;
  connectTimeoutMs: number;
  /** It may change: what waits reads it before each wait. */
  readonly keepaliveTimeMs: number;
  /** ms that the other side has to answer a ping. */
  pingTimeoutMs: number;
  /** The server wants fewer pings than one in `timeMs`. */
  onTooManyPings(timeMs: number): void;
  /** It is over. `cutCalls`: it was lost, and calls that were open with it, which end later. */
  onClosed(connection: GrpcConnection, cutCalls: boolean): void;
}

/** Before each message: whether it is compressed, and its length (gRPC's PROTOCOL-HTTP2). */
export const PREFIX_BYTES = 5;
/** The longest message that is taken: gRPC's default. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
