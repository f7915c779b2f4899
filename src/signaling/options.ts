import { checkOptions, integer, type Keys, misconfigured } from '../util/check-options.js';

/**
 * Limits and timeouts of connections; the same for every transport.
 * @category Transport
 */
export interface ConnectionOptions extends RequestOptions {
  /** Bytes of a client's message; a longer one closes the connection with 4413. @default 262144 */
  maxMessageBytes?: number;
  /**
   * Bytes that may be buffered for a client that reads slowly; beyond them its connection is closed with 4508. From a
   * quarter of it on, responses to `stats` are dropped. A single message may be longer. @default 1048576
   */
  maxBufferedBytes?: number;
  /** ms that a message may be buffered before the connection is closed with 4508. @default 10000 */
  slowConsumerTimeoutMs?: number;
  /**
   * Clients silent for this many ms are pinged; two missed pongs disconnect them, within four intervals (28 s) of their
   * last message. @default 7000
   */
  heartbeatIntervalMs?: number;
  /** ms that a client has to authenticate and join. @default 10000 */
  handshakeTimeoutMs?: number;
  /**
   * ms that a connection may have no session, after `leave` or while joins fail, before it is closed with 4408. It is the
   * time to choose another room in a lobby; for a later join `sfu-relay/client` reconnects automatically. @default 60000
   */
  idleTimeoutMs?: number;
  /** Messages that may wait for authentication. @default 64 */
  maxQueuedMessages?: number;
}

/**
 * Which pages and proxies are trusted; the same for WebSocket and HTTP.
 * @category Transport
 */
export interface RequestOptions {
  /**
   * Origins of the pages that may connect: `https://live.example.org`. Other pages are refused with 4403, or 403 over HTTP.
   * Clients that send no `Origin` are not browsers, and pass. Without a list every page may connect, but `authenticate`
   * does not see the cookies of pages from other origins than the server's own. @default all
   */
  allowedOrigins?: readonly string[];
  /**
   * The number of reverse proxies in front of the server. The client's address is then taken from `X-Forwarded-For`, so
   * many entries from its end, and the server's origin from `X-Forwarded-Host` and `X-Forwarded-Proto`. With 0 the address
   * is the socket's and the host that of `Host`: without a proxy, clients could forge the other headers. @default 0
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
 * @param name the function that takes the options
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
    throw misconfigured('"allowedOrigins" must be a list: ["https://live.example.org"].');
  return {
    allowedOrigins: allowedOrigins && new Set(allowedOrigins.map(checkOrigin)),
    trustProxy: integer(options, 'trustProxy', 0, 0),
  };
}

/** `Origin` as browsers send it: scheme, host, and the port unless it is the scheme's default. */
function checkOrigin(text: unknown): string {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  if (url && url.origin === text) return text;
  // Schemes without an origin in the URL standard: capacitor://localhost.
  if (typeof text === 'string' && /^(?!https?:)[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+$/.test(text)) return text;
  const better = url && url.origin !== 'null' ? url.origin : 'https://live.example.org';
  throw misconfigured(`"allowedOrigins" has ${JSON.stringify(text)}: write "${better}".`);
}
