import {
  REQUEST_KEYS,
  type RequestOptions,
  type ResolvedRequestOptions,
  resolveRequestOptions,
} from '../signaling/options.js';
import { checkOptions, integer, type Keys, misconfigured } from '../util/check-options.js';
import {
  type IdempotencyOptions,
  type ResolvedIdempotencyOptions,
  resolveIdempotency,
} from './idempotency/options.js';

/**
 * Options of the REST API; the same for every adapter.
 * @category HTTP
 */
export interface HttpOptions extends RequestOptions {
  /** `false` answers every request with 503, as in the configuration file. @default true */
  enabled?: boolean;
  /** The path before `/session`, unless the server removes it: `/api/v1/sfu`. @default '' */
  prefix?: string;
  /**
   * What `GET /health` reports: `status` only whether an SFU node answers, `full` also each node's address and error. The route
   * needs no authentication: use `full` only on a path that is internal to your network.
   * @default 'status'
   */
  healthDetails?: 'status' | 'full';
  /** Bytes of a body; a longer one is refused with 413. @default 262144 */
  maxMessageBytes?: number;
  /** Bytes of messages that may wait for an event stream; beyond them the session ends. @default 1048576 */
  maxBufferedBytes?: number;
  /** ms that a client has to read what its event stream has sent, before the stream is cut. @default 10000 */
  slowConsumerTimeoutMs?: number;
  /** ms that the response of `POST /session` waits for the SFU's candidates at most. @default 1000 */
  gatherTimeoutMs?: number;
  /** ms without an event stream, a WebSocket or a request after which a session ends. @default 30000 */
  orphanTimeoutMs?: number;
  /** ms between the comments that keep an event stream open. @default 9000 */
  heartbeatIntervalMs?: number;
  /**
   * How long responses to requests with the header `Idempotency-Key` are kept, so that a repeated request is not executed again.
   * `false` ignores the header.
   */
  idempotency?: false | IdempotencyOptions;
}

export type ResolvedHttpOptions = Required<Omit<HttpOptions, 'idempotency' | keyof RequestOptions>> &
  ResolvedRequestOptions & { idempotency: false | ResolvedIdempotencyOptions };

const KEYS: Keys<HttpOptions> = {
  ...REQUEST_KEYS,
  enabled: true,
  prefix: true,
  maxMessageBytes: true,
  maxBufferedBytes: true,
  slowConsumerTimeoutMs: true,
  gatherTimeoutMs: true,
  orphanTimeoutMs: true,
  heartbeatIntervalMs: true,
  healthDetails: true,
  idempotency: true,
};

/**
 * @param name the function that takes the options
 * @throws RelayError `ERR_RELAY_CONFIG`
 */
export function resolveHttpOptions(name: string, options: HttpOptions): ResolvedHttpOptions {
  const example = `${name}(relay, { allowedOrigins: ["https://live.example.org"] })`;
  checkOptions({ name: `${name}()`, example }, options, KEYS);
  const { enabled = true, prefix = '', healthDetails = 'status' } = options;
  if (typeof enabled !== 'boolean') throw misconfigured('"enabled" must be true or false.');
  if (typeof prefix !== 'string' || !/^(\/[^/?#]+)*$/.test(prefix))
    throw misconfigured(`"prefix" must be a path without a slash at its end: "/api/v1/sfu".`);
  if (healthDetails !== 'status' && healthDetails !== 'full')
    throw misconfigured('"healthDetails" must be one of "status", "full".');
  return {
    ...resolveRequestOptions(options),
    enabled,
    prefix,
    healthDetails,
    maxMessageBytes: integer(options, 'maxMessageBytes', 256 * 1024, 1024),
    maxBufferedBytes: integer(options, 'maxBufferedBytes', 1024 * 1024, 64 * 1024),
    slowConsumerTimeoutMs: integer(options, 'slowConsumerTimeoutMs', 10_000),
    gatherTimeoutMs: integer(options, 'gatherTimeoutMs', 1_000, 0),
    orphanTimeoutMs: integer(options, 'orphanTimeoutMs', 30_000),
    heartbeatIntervalMs: integer(options, 'heartbeatIntervalMs', 9_000),
    idempotency: resolveIdempotency(options.idempotency),
  };
}
