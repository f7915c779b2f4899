import { RelayError } from '../protocol/errors.js';
import {
  REQUEST_KEYS,
  type RequestOptions,
  type ResolvedRequestOptions,
  resolveRequestOptions,
} from '../signaling/options.js';
import { checkOptions, integer, type Keys } from '../util/check-options.js';

/**
 * How the REST API treats its clients; the same for every adapter.
 * @category HTTP
 */
export interface HttpOptions extends RequestOptions {
  /** `false`, as in the configuration file, answers every request with 503. @default true */
  enabled?: boolean;
  /** What comes before `/session` in the path, where the server does not cut it off: `/api/v1/sfu`. @default '' */
  prefix?: string;
  /**
   * What `GET /health`, which everybody may ask, says of an SFU that does not answer: that it is so, or also the nodes'
   * addresses and the error of each. `full` is for a path that only your own network reaches. @default 'status'
   */
  healthDetails?: 'status' | 'full';
  /** A longer body is refused with 413. @default 262144 */
  maxMessageBytes?: number;
  /** Bytes of messages that may wait for the client of an event stream; the session ends beyond. @default 1048576 */
  maxBufferedBytes?: number;
  /** ms in which the client of an event stream has to take what it is sent, or the stream is cut. @default 10000 */
  slowConsumerTimeoutMs?: number;
  /** ms that a new session's answer waits for the SFU's candidates, at most. @default 1000 */
  gatherTimeoutMs?: number;
  /** ms after which a session ends that no event stream and no WebSocket serves, and no request asks for. @default 30000 */
  orphanTimeoutMs?: number;
  /** ms between the comments that keep an event stream alive. @default 9000 */
  heartbeatIntervalMs?: number;
}

export type ResolvedHttpOptions = Required<Omit<HttpOptions, keyof RequestOptions>> & ResolvedRequestOptions;

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
};

/**
 * @param name of the function that was given them
 * @throws RelayError `ERR_RELAY_CONFIG`
 */
export function resolveHttpOptions(name: string, options: HttpOptions): ResolvedHttpOptions {
  const example = `${name}(relay, { allowedOrigins: ["https://live.example.org"] })`;
  checkOptions({ name: `${name}()`, example }, options, KEYS);
  const { enabled = true, prefix = '', healthDetails = 'status' } = options;
  if (typeof enabled !== 'boolean')
    throw new RelayError('ERR_RELAY_CONFIG', '"enabled" must be true or false.');
  if (typeof prefix !== 'string' || !/^(\/[^/?#]+)*$/.test(prefix))
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      `"prefix" must be a path without a slash at its end: "/api/v1/sfu".`,
    );
  if (healthDetails !== 'status' && healthDetails !== 'full')
    throw new RelayError('ERR_RELAY_CONFIG', '"healthDetails" must be one of "status", "full".');
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
  };
}
