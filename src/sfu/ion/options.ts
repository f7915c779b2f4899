import { checkMetadata, type SfuMetadata } from '../../grpc/metadata.js';
import { checkAuthority, checkServerUrl } from '../../grpc/server-url.js';
import { checkTls, type SfuTlsOptions } from '../../grpc/tls.js';
import { RelayError } from '../../protocol/errors.js';
import { checkOptions, integer, type Keys, oneOf } from '../../util/check-options.js';

export type { SfuMetadata } from '../../grpc/metadata.js';
export type { SfuTlsOptions } from '../../grpc/tls.js';

/**
 * Where the SFU is, and how to speak with it.
 * @category Configuration
 */
export interface SfuOptions {
  /** `host:port` of Ion's gRPC server, without a scheme: `localhost:5551`; or `unix:path` of its socket. */
  serverUrl: string;
  /** TLS, or mutual TLS with `cert` and `key`. @default none: plain HTTP/2, for an SFU on a private network */
  tls?: SfuTlsOptions;
  /** The name that requests are for (`:authority`), where a proxy chooses by it. @default the host and port of `serverUrl` */
  authority?: string;
  /**
   * gRPC metadata of every stream, such as a bearer token for a gateway in front of the SFU: an object, or a function that
   * gives one, or a promise of one, for each stream. It has `connectTimeoutMs` for that. @default none
   */
  metadata?: SfuMetadata | (() => SfuMetadata | PromiseLike<SfuMetadata>);
  /**
   * What speaks gRPC: the relay's own client, for this one kind of call, or @grpc/grpc-js: a general one, which goes through
   * HTTP proxies (`http_proxy`) and costs two to three times as much CPU, and 1.7 times the memory. @default 'http2'
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
   * 5 minutes, so 300000 is the least. Common load balancers forget a connection that is silent for 350 s. Where a server says
   * `too_many_pings` the time is doubled. @default 330000
   */
  keepaliveTimeMs?: number;
}

export type ResolvedSfuOptions = Required<Omit<SfuOptions, 'tls' | 'authority' | 'metadata'>> & {
  tls: SfuTlsOptions | undefined;
  authority: string | undefined;
  metadata: SfuMetadata | (() => unknown) | undefined;
  /** ms that the SFU's server has to answer a ping. */
  pingTimeoutMs: number;
};

/** gRPC's default. */
const PING_TIMEOUT_MS = 20_000;

/** `enabled` is of the configuration file, which `parseSfuConfig` reads. */
const KEYS: Keys<SfuOptions & { enabled?: boolean }> = {
  serverUrl: true,
  tls: true,
  authority: true,
  metadata: true,
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
    authority: checkAuthority(options.authority),
    metadata: checkMetadata(options.metadata),
    client: oneOf('sfu.client', options.client, ['http2', 'grpc-js']),
    probeOnStart,
    connectTimeoutMs: integer(options, 'connectTimeoutMs', 5_000),
    closeTimeoutMs: integer(options, 'closeTimeoutMs', 2_000),
    maxStreamsPerChannel: integer(options, 'maxStreamsPerChannel', 100),
    keepaliveTimeMs: integer(options, 'keepaliveTimeMs', 330_000, 300_000),
    pingTimeoutMs: PING_TIMEOUT_MS,
  };
}
