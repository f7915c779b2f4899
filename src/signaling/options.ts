import { RelayError } from '../protocol/errors.js';
import { checkOptions, integer, type Keys } from '../util/check-options.js';

/**
 * How a transport treats its connections; the same for every transport.
 * @category Transport
 */
export interface ConnectionOptions extends RequestOptions {
  /** A longer message closes the connection with 4413. @default 262144 */
  maxMessageBytes?: number;
  /**
   * Bytes that may wait for a client to read them, before it is closed with 4508. Replies to `stats` are left out from
   * a quarter of it on. A single message may be longer. @default 1048576
   */
  maxBufferedBytes?: number;
  /** ms that a message may wait for the client to read, before it is closed with 4508. @default 10000 */
  slowConsumerTimeoutMs?: number;
  /**
   * ms of silence after which a client is pinged. One that answers neither of two pings is dropped an interval later:
   * within four of when it was last heard, 28 s. @default 7000
   */
  heartbeatIntervalMs?: number;
  /** ms in which a client has to authenticate, and to join. @default 10000 */
  handshakeTimeoutMs?: number;
  /**
   * ms that a connection may be without a session, before it is closed with 4408: after `leave`, or while every join fails.
   * It lets a user choose another room in a lobby; `sfu-relay/client` connects again by itself for a later join.
   * @default 60000
   */
  idleTimeoutMs?: number;
  /** Messages that may wait for authentication. @default 64 */
  maxQueuedMessages?: number;
}

/**
 * Whom a transport listens to; the same for WebSocket and HTTP.
 * @category Transport
 */
export interface RequestOptions {
  /**
   * The pages that may connect, by their `Origin`: `https://live.example.org`. Others are refused with 4403, or 403. A
   * client that sends none is no page, and passes. Without a list every page may connect, but the cookies of pages of
   * another origin than the server's own don't count: `authenticate` does not see them. @default all
   */
  allowedOrigins?: readonly string[];
  /**
   * Reverse proxies in front of the server: the client's address is then the last but so many of `X-Forwarded-For`, the
   * server's own origin that of `X-Forwarded-Host` and `X-Forwarded-Proto`. 0 takes address and host of the socket and
   * of `Host`: the headers are the client's own word. @default 0
   */
  trustProxy?: number;
}

export type ResolvedRequestOptions = { allowedOrigins: ReadonlySet<string> | undefined; trustProxy: number };
export type ResolvedConnectionOptions = Required<Omit<ConnectionOptions, keyof RequestOptions>> &
  ResolvedRequestOptions;

export const REQUEST_KEYS: Keys<RequestOptions> = { allowedOrigins: true, trustProxy: true };

const EXAMPLE = '{ allowedOrigins: ["https://live.example.org"] }';

const KEYS: Keys<ConnectionOptions> = {
  ...REQUEST_KEYS,
  maxMessageBytes: true,
  maxBufferedBytes: true,
  slowConsumerTimeoutMs: true,
  heartbeatIntervalMs: true,
  handshakeTimeoutMs: true,
  idleTimeoutMs: true,
  maxQueuedMessages: true,
};

/**
 * @param name of the function that was given them
 * @throws RelayError `ERR_RELAY_CONFIG`
 */
export function resolveConnectionOptions(
  name: string,
  options: ConnectionOptions,
): ResolvedConnectionOptions {
  checkOptions({ name: `${name}()`, example: EXAMPLE }, options, KEYS);
  return {
    ...resolveRequestOptions(options),
    maxMessageBytes: integer(options, 'maxMessageBytes', 256 * 1024, 1024),
    maxBufferedBytes: integer(options, 'maxBufferedBytes', 1024 * 1024, 64 * 1024),
    slowConsumerTimeoutMs: integer(options, 'slowConsumerTimeoutMs', 10_000),
    heartbeatIntervalMs: integer(options, 'heartbeatIntervalMs', 7_000),
    handshakeTimeoutMs: integer(options, 'handshakeTimeoutMs', 10_000),
    idleTimeoutMs: integer(options, 'idleTimeoutMs', 60_000),
    maxQueuedMessages: integer(options, 'maxQueuedMessages', 64),
  };
}

/** @throws RelayError `ERR_RELAY_CONFIG` */
export function resolveRequestOptions(options: RequestOptions): ResolvedRequestOptions {
  const { allowedOrigins } = options;
  if (allowedOrigins !== undefined && !Array.isArray(allowedOrigins))
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      '"allowedOrigins" must be a list: ["https://live.example.org"].',
    );
  return {
    allowedOrigins: allowedOrigins && new Set(allowedOrigins.map(checkOrigin)),
    trustProxy: integer(options, 'trustProxy', 0, 0),
  };
}

/** What a browser sends as `Origin`: scheme, host, and the port where it is not the scheme's. */
function checkOrigin(text: unknown): string {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  if (url && url.origin === text) return text;
  // Origins of schemes that the URL standard does not know: capacitor://localhost.
  if (typeof text === 'string' && /^(?!https?:)[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+$/.test(text)) return text;
  const better = url && url.origin !== 'null' ? url.origin : 'https://live.example.org';
  throw new RelayError(
    'ERR_RELAY_CONFIG',
    `"allowedOrigins" has ${JSON.stringify(text)}: write "${better}".`,
  );
}
