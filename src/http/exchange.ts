import type { RelayError } from '../errors.js';
import type { HandshakeRequest } from '../signal/socket.js';

/** A request as every HTTP server can give it. */
export interface ApiRequest extends HandshakeRequest {
  readonly method: string;
  /** Where the API is mounted this is what follows: `/session/1/stats`. Percent-encoded, without the query. */
  readonly path: string;
  /**
   * The body: its text, or what the server has made of its JSON already.
   * @throws RelayError `ERR_RELAY_TOO_LARGE`
   */
  readBody(maxBytes: number): Promise<unknown>;
  /** Aborted when the client has gone before it was answered. */
  readonly signal: AbortSignal;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | EventBody;
}

/** `return()` is to be called when the client has gone. */
export interface EventBody extends AsyncIterableIterator<string> {
  /** Aborted when the connection is to be cut: its client does not read. */
  readonly signal: AbortSignal;
}

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** `body` is JSON text, or a value that is to become it. */
export function json(
  status: number,
  body: string | object,
  headers: Readonly<Record<string, string>> = {},
): ApiResponse {
  return {
    status,
    headers: { ...HEADERS, 'content-type': 'application/json; charset=utf-8', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  };
}

/** What HTTP itself says of an error, beside its status. */
export function errorHeaders({ httpStatus, retryAfterMs }: RelayError): Readonly<Record<string, string>> {
  return {
    ...(httpStatus === 401 && { 'www-authenticate': 'Bearer' }),
    ...(retryAfterMs !== undefined && { 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) }),
  };
}

export function noContent(): ApiResponse {
  return { status: 204, headers: HEADERS, body: '' };
}

/** Server-sent events (HTML § 9.2), or their headers alone; proxies are told not to keep them back. */
export function eventStream(body: EventBody | ''): ApiResponse {
  const headers = {
    ...HEADERS,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  };
  return { status: 200, headers, body };
}
