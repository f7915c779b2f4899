import { checkSfuMetadata, type SfuMetadata } from '../../grpc/metadata.js';
import { checkAuthority } from '../../grpc/server-url.js';
import { checkTls, type SfuTlsOptions } from '../../grpc/tls.js';
import { RelayError } from '../../protocol/errors.js';
import { checkOptions, integer, type Keys, oneOf } from '../../util/check-options.js';

export type { SfuMetadata } from '../../grpc/metadata.js';
export type { SfuTlsOptions } from '../../grpc/tls.js';

/**
 * The connections to an Ion SFU.
 * @category Configuration
 */
export interface IonOptions {
  /** TLS, or mutual TLS with `cert` and `key`. @default none: plain HTTP/2, for an SFU on a private network */
  tls?: SfuTlsOptions;
  /** The `:authority` of requests, if a proxy routes by it. @default the host and port of `serverUrl` */
  authority?: string;
  /**
   * gRPC metadata of every stream, such as a bearer token for a gateway in front of the SFU: an object, or a function that
   * returns an object or a promise for each stream. Its deadline is `connectTimeoutMs`. @default none
   */
  metadata?: SfuMetadata | (() => SfuMetadata | PromiseLike<SfuMetadata>);
  /**
   * The gRPC client: `http2` is the relay's own; `grpc-js` is @grpc/grpc-js, which supports HTTP proxies (`http_proxy`), and
   * needs two to three times the CPU and 1.7 times the memory. @default 'http2'
   */
  client?: 'http2' | 'grpc-js';
  /** ms to wait for a connection. @default 5000 */
  connectTimeoutMs?: number;
  /** ms to wait for the SFU to end a half-closed stream before the relay cancels it. @default 2000 */
  closeTimeoutMs?: number;
  /**
   * Probe the SFU when the relay is created, and log a warning if it does not answer. Otherwise the first join finds out.
   * @default true
   */
  probeOnStart?: boolean;
  /** Streams of one HTTP/2 connection before another connection is opened. Proxies often allow 100. @default 100 */
  maxStreamsPerChannel?: number;
  /**
   * ms between HTTP/2 pings on a connection with streams, at least 10000. Write less than 300000 only for `ops/ion` or another
   * server that allows it: a bare Ion disconnects a client that pings more often than every 5 minutes, with all its streams. After
   * `too_many_pings` the relay doubles the interval. Common load balancers drop a connection that is silent for 350 s.
   * @default 330000
   */
  keepaliveTimeMs?: number;
}

/** The options of one Ion SFU, apart from its address. */
export type ResolvedIonOptions = Required<Omit<IonOptions, 'tls' | 'authority' | 'metadata'>> & {
  tls: SfuTlsOptions | undefined;
  authority: string | undefined;
  metadata: SfuMetadata | (() => unknown) | undefined;
  /** ms within which the SFU's server has to answer a ping. */
  pingTimeoutMs: number;
};

export type ResolvedSfuOptions = ResolvedIonOptions & { serverUrl: string };

const DEFAULTS: ResolvedIonOptions = {
  tls: undefined,
  authority: undefined,
  metadata: undefined,
  client: 'http2',
  probeOnStart: true,
  connectTimeoutMs: 5_000,
  closeTimeoutMs: 2_000,
  maxStreamsPerChannel: 100,
  keepaliveTimeMs: 330_000,
  // gRPC's default.
  pingTimeoutMs: 20_000,
};

export const ION_KEYS: Keys<IonOptions> = {
  tls: true,
  authority: true,
  metadata: true,
  client: true,
  connectTimeoutMs: true,
  closeTimeoutMs: true,
  maxStreamsPerChannel: true,
  keepaliveTimeMs: true,
  probeOnStart: true,
};

const TLS_KEYS: Keys<SfuTlsOptions> = { ca: true, cert: true, key: true, serverName: true };

/**
 * Options that are left out are taken from `defaults`. The caller refuses unknown keys.
 * @throws RelayError `ERR_RELAY_CONFIG` that says what to write instead.
 */
export function resolveIonOptions(
  options: IonOptions,
  defaults: ResolvedIonOptions = DEFAULTS,
): ResolvedIonOptions {
  const { tls, authority, metadata, probeOnStart = defaults.probeOnStart } = options;
  if (tls !== undefined) checkTlsOptions(tls);
  if (typeof probeOnStart !== 'boolean')
    throw new RelayError('ERR_RELAY_CONFIG', '"sfu.probeOnStart" must be true or false.');
  return {
    tls: tls ?? defaults.tls,
    authority: checkAuthority(authority) ?? defaults.authority,
    metadata: checkSfuMetadata(metadata) ?? defaults.metadata,
    client: oneOf('sfu.client', options.client ?? defaults.client, ['http2', 'grpc-js']),
    probeOnStart,
    connectTimeoutMs: integer(options, 'connectTimeoutMs', defaults.connectTimeoutMs),
    closeTimeoutMs: integer(options, 'closeTimeoutMs', defaults.closeTimeoutMs),
    maxStreamsPerChannel: integer(options, 'maxStreamsPerChannel', defaults.maxStreamsPerChannel),
    keepaliveTimeMs: integer(options, 'keepaliveTimeMs', defaults.keepaliveTimeMs, 10_000),
    pingTimeoutMs: defaults.pingTimeoutMs,
  };
}

function checkTlsOptions(tls: SfuTlsOptions): void {
  checkOptions(
    { name: '"sfu.tls"', example: 'tls: { ca: readFileSync("ca.pem") }, or tls: {}' },
    tls,
    TLS_KEYS,
  );
  if ((tls.cert === undefined) !== (tls.key === undefined))
    throw new RelayError('ERR_RELAY_CONFIG', 'Mutual TLS needs both "tls.cert" and "tls.key".');
  checkTls(tls);
}
