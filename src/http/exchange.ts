import { RelayError } from '../protocol/errors.js';
import { SESSION_TOKEN_HEADER } from '../protocol/messages.js';
import { readTokenHash } from '../signaling/authentication/session-ownership.js';
import type { HandshakeRequest } from '../signaling/wire/handshake.js';
import { errorObject } from '../signaling/wire/json-rpc.js';

/** A request of any HTTP server. */
export interface ApiRequest extends HandshakeRequest {
  readonly method: string;
  /** Relative to where the API is mounted: `/session/1/stats`. Percent-encoded, without the query. */
  readonly path: string;
  /**
   * The text of the body, or its value if the server has parsed it.
   * @throws RelayError `ERR_RELAY_TOO_LARGE`
   */
  readBody(maxBytes: number): Promise<unknown>;
  /** Aborted when the client disconnects before the response. */
  readonly signal: AbortSignal;
  /** Where another process has forwarded it: the hash of the session token that it has brought. */
  readonly forwarded?: { readonly tokenHash: string | undefined };
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | EventBody;
  /** The error that it reports. */
  readonly error?: RelayError;
}

/** The text of server-sent events. Call `return()` when the client has disconnected. */
export interface EventBody extends AsyncIterableIterator<string> {
  /** Aborted to cut the connection: the client does not read. */
  readonly signal: AbortSignal;
}

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** Handles a route; `id` is the path's value of `:id`. */
export type Handler = (request: ApiRequest, id: string) => ApiResponse | Promise<ApiResponse>;

/** @param body JSON, or a value to be serialized */
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

/** @param body JSON that describes the error */
export function refusal(error: RelayError, body: string | object = errorObject(error)): ApiResponse {
  return { ...json(error.httpStatus, body, errorHeaders(error)), error };
}

/** The headers of an error response. */
function errorHeaders({ httpStatus, retryAfterMs }: RelayError): Readonly<Record<string, string>> {
  return {
    ...(httpStatus === 401 && { 'www-authenticate': 'Bearer' }),
    ...(retryAfterMs !== undefined && { 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) }),
  };
}

export function noContent(): ApiResponse {
  return { status: 204, headers: HEADERS, body: '' };
}

/** Server-sent events (HTML § 9.2), or their headers alone. The headers keep proxies from buffering. */
export function eventStream(body: EventBody | ''): ApiResponse {
  const headers = {
    ...HEADERS,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  };
  return { status: 200, headers, body };
}

/**
 * Requires JSON: pages may send `text/plain` and forms to any server, with the user's cookies, but `application/json` only
 * after a CORS preflight. Parameters such as a charset are ignored: JSON is UTF-8 (RFC 8259 § 8.1).
 * @throws RelayError `ERR_RELAY_MEDIA_TYPE`
 */
export function checkMediaType(type: string | undefined): void {
  if (!/^application\/json[ \t]*(;|$)/i.test(type ?? ''))
    throw new RelayError(
      'ERR_RELAY_MEDIA_TYPE',
      'Send JSON, with the header "Content-Type: application/json".',
    );
}

/** Hash of the session token that a request has brought. */
export function tokenHashOf({ headers, forwarded }: Pick<ApiRequest, 'headers' | 'forwarded'>) {
  return forwarded ? forwarded.tokenHash : readTokenHash(headers[SESSION_TOKEN_HEADER]);
}

/** @throws RelayError `ERR_RELAY_ABORTED` */
export function checkPresent({ signal }: Pick<ApiRequest, 'signal'>): void {
  if (signal.aborted) throw new RelayError('ERR_RELAY_ABORTED', 'The client has gone.');
}

/**
 * The text of the body, or its value if the server has parsed it.
 * @throws RelayError `ERR_RELAY_TOO_LARGE`, `ERR_RELAY_ABORTED`
 */
export async function readBody(request: ApiRequest, maxBytes: number): Promise<unknown> {
  try {
    return await request.readBody(maxBytes);
  } catch (error) {
    checkPresent(request);
    throw error;
  }
}

const FIRST_BYTES = 4_096;

/**
 * Reads a body into one buffer: if a client sends each byte as a chunk, a list of chunks takes 100 times the bytes.
 * @throws RelayError `ERR_RELAY_TOO_LARGE`, without reading the rest
 */
export async function readText(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  let buffer = Buffer.allocUnsafe(0);
  let bytes = 0;
  for await (const chunk of body) {
    const total = bytes + chunk.byteLength;
    if (total > maxBytes)
      throw new RelayError('ERR_RELAY_TOO_LARGE', `The body is longer than ${maxBytes} bytes.`);
    if (total > buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(total, 2 * buffer.length, FIRST_BYTES));
      buffer.copy(grown, 0, 0, bytes);
      buffer = grown;
    }
    buffer.set(chunk, bytes);
    bytes = total;
  }
  return buffer.toString('utf8', 0, bytes);
}
