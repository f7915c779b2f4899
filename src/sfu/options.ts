import { checkOptions, integer, type Keys, kindOf, oneOf } from '../check-options.js';
import { RelayError } from '../errors.js';
import { checkTls, type SfuTlsOptions } from './tls.js';

export type { SfuTlsOptions } from './tls.js';

/**
 * Where the SFU is, and how to speak with it.
 * @category Configuration
 */
export interface SfuOptions {
  /** `host:port` of Ion's gRPC server, without a scheme: `localhost:5551`. */
  serverUrl: string;
  /** TLS, or mutual TLS with `cert` and `key`. @default none: plain HTTP/2, for an SFU on a private network */
  tls?: SfuTlsOptions;
  /**
   * What speaks gRPC: the relay's own client, for this one kind of call, or @grpc/grpc-js: a general one, which
   * costs a message about a third more CPU and goes through HTTP proxies (`http_proxy`). @default 'http2'
   */
  client?: 'http2' | 'grpc-js';
  /** ms to wait for a connection. @default 5000 */
  connectTimeoutMs?: number;
  /** ms to wait for the SFU to end a stream that was left, before it is cancelled. @default 2000 */
  closeTimeoutMs?: number;
  /**
   * Look at once whether the SFU answers, and warn where it does not; otherwise the first join finds out.
   * @default true
   */
  probeOnStart?: boolean;
  /** Streams on one HTTP/2 connection before a further one is opened. Proxies often allow 100. @default 100 */
  maxStreamsPerChannel?: number;
  /**
   * ms between HTTP/2 pings on a connection with streams; Ion cuts off a client that pings more often than every
   * 5 minutes, so 300000 is the least. @default 360000
   */
  keepaliveTimeMs?: number;
}

export type ResolvedSfuOptions = Required<Omit<SfuOptions, 'tls'>> & {
  tls: SfuTlsOptions | undefined;
  /** ms that the SFU's server has to answer a ping. */
  pingTimeoutMs: number;
};

/** gRPC's default. */
const PING_TIMEOUT_MS = 20_000;

/** `enabled` is of the configuration file, which `parseSfuConfig` reads. */
const KEYS: Keys<SfuOptions & { enabled?: boolean }> = {
  serverUrl: true,
  tls: true,
  client: true,
  connectTimeoutMs: true,
  closeTimeoutMs: true,
  maxStreamsPerChannel: true,
  keepaliveTimeMs: true,
  probeOnStart: true,
  enabled: true,
};

const TLS_KEYS: Keys<SfuTlsOptions> = { ca: true, cert: true, key: true, serverName: true };

/** @throws RelayError `ERR_RELAY_CONFIG` that says what to write instead. */
export function resolveSfuOptions(options: SfuOptions): ResolvedSfuOptions {
  if (options === undefined)
    throw new RelayError('ERR_RELAY_CONFIG', '"sfu" is missing: write sfu: { serverUrl: "localhost:5551" }.');
  checkOptions({ name: '"sfu"', example: 'sfu: { serverUrl: "localhost:5551" }' }, options, KEYS);
  const { tls, probeOnStart = true } = options;
  if (tls !== undefined)
    checkOptions(
      { name: '"sfu.tls"', example: 'tls: { ca: readFileSync("ca.pem") }, or tls: {}' },
      tls,
      TLS_KEYS,
    );
  if (typeof probeOnStart !== 'boolean')
    throw new RelayError('ERR_RELAY_CONFIG', '"sfu.probeOnStart" must be true or false.');
  if (tls && (tls.cert === undefined) !== (tls.key === undefined))
    throw new RelayError('ERR_RELAY_CONFIG', 'Mutual TLS needs both "tls.cert" and "tls.key".');
  if (tls) checkTls(tls);
  return {
    serverUrl: checkServerUrl(options.serverUrl),
    tls,
    client: oneOf('sfu.client', options.client, ['http2', 'grpc-js']),
    probeOnStart,
    connectTimeoutMs: integer(options, 'connectTimeoutMs', 5_000),
    closeTimeoutMs: integer(options, 'closeTimeoutMs', 2_000),
    maxStreamsPerChannel: integer(options, 'maxStreamsPerChannel', 100),
    keepaliveTimeMs: integer(options, 'keepaliveTimeMs', 360_000, 300_000),
    pingTimeoutMs: PING_TIMEOUT_MS,
  };
}

/** An address is `host:port`; a scheme is the commonest mistake, so it gets an answer of its own. */
export function checkServerUrl(serverUrl: unknown): string {
  if (typeof serverUrl === 'number')
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      `The SFU's address is the number ${serverUrl}: write "host:port", e.g. "localhost:${serverUrl}".`,
    );
  if (serverUrl !== undefined && serverUrl !== null && typeof serverUrl !== 'string')
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      `The SFU's address must be a string, and is ${kindOf(serverUrl)}: write "host:port", e.g. "localhost:5551".`,
    );
  if (typeof serverUrl !== 'string' || serverUrl.trim() === '')
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      'The SFU\'s address is missing: write "host:port", e.g. "localhost:5551".',
    );
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i.exec(serverUrl) ?? [];
  if (scheme !== undefined) {
    const better = rest && /:\d+$/.test(rest) ? rest : `${rest || 'localhost'}:5551`;
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      `The SFU is spoken to by gRPC, not ${scheme}: write "${better}" instead of "${serverUrl}".`,
    );
  }
  const port = /^(?:[\w.-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/.exec(serverUrl)?.[1];
  if (port === undefined || Number(port) < 1 || Number(port) > 65535)
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      `"${serverUrl}" is not an address: write "host:port", e.g. "localhost:5551" or "[::1]:5551".`,
    );
  return serverUrl;
}
