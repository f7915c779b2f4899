import { checkOptions, integer, type Keys } from '../../util/check-options.js';

/**
 * How long, and how many, responses to requests with the header `Idempotency-Key` are kept. The oldest ones are dropped first;
 * a request whose response was dropped is executed again if it is repeated.
 * @category HTTP
 */
export interface IdempotencyOptions {
  /** ms for which a response is kept. That of `POST /session` is dropped when its session ends. @default 600000 */
  retentionMs?: number;
  /** Responses of all clients, pending ones included. @default 20000 */
  maxResponses?: number;
  /**
   * Responses of one client, pending ones included. A client is a user; where the application names no user, an address.
   * @default 256
   */
  maxResponsesPerClient?: number;
  /** Bytes of the responses of all clients; each counts its body and 512 bytes. @default 33554432 */
  maxBytes?: number;
  /** Bytes of the responses of one client. @default 1048576 */
  maxBytesPerClient?: number;
}

export type ResolvedIdempotencyOptions = Required<IdempotencyOptions>;

const KEYS: Keys<IdempotencyOptions> = {
  retentionMs: true,
  maxResponses: true,
  maxResponsesPerClient: true,
  maxBytes: true,
  maxBytesPerClient: true,
};

/**
 * @returns false if the header is ignored
 * @throws RelayError `ERR_RELAY_CONFIG`
 */
export function resolveIdempotency(
  options: false | IdempotencyOptions = {},
): false | ResolvedIdempotencyOptions {
  if (options === false) return false;
  checkOptions({ name: '"idempotency"', example: 'idempotency: { retentionMs: 600_000 }' }, options, KEYS);
  return {
    retentionMs: integer(options, 'retentionMs', 600_000),
    maxResponses: integer(options, 'maxResponses', 20_000),
    maxResponsesPerClient: integer(options, 'maxResponsesPerClient', 256),
    maxBytes: integer(options, 'maxBytes', 32 * 1024 * 1024, 64 * 1024),
    maxBytesPerClient: integer(options, 'maxBytesPerClient', 1024 * 1024, 64 * 1024),
  };
}
