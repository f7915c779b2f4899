import { integer } from '../sfu/options.js';

/**
 * How a transport treats its connections; the same for every transport.
 * @category Transport
 */
export interface ConnectionOptions {
  /** A longer message closes the connection with 4413. @default 262144 */
  maxMessageBytes?: number;
  /** Bytes that a client may leave unread before it is closed with 4508. @default 1048576 */
  maxBufferedBytes?: number;
  /** ms between pings; a connection that is silent for two is dropped. @default 12000 */
  heartbeatIntervalMs?: number;
  /** ms in which a client has to authenticate, and to join. @default 10000 */
  handshakeTimeoutMs?: number;
  /** Messages that may wait for authentication. @default 64 */
  maxQueuedMessages?: number;
}

/** @throws RelayError `ERR_RELAY_CONFIG` */
export function resolveConnectionOptions(options: ConnectionOptions): Required<ConnectionOptions> {
  return {
    maxMessageBytes: integer(options, 'maxMessageBytes', 256 * 1024, 1024),
    maxBufferedBytes: integer(options, 'maxBufferedBytes', 1024 * 1024, 64 * 1024),
    heartbeatIntervalMs: integer(options, 'heartbeatIntervalMs', 12_000),
    handshakeTimeoutMs: integer(options, 'handshakeTimeoutMs', 10_000),
    maxQueuedMessages: integer(options, 'maxQueuedMessages', 64),
  };
}
