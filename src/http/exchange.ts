import { RelayError } from '../protocol/errors.js';
import type { HandshakeRequest } from '../signaling/wire/handshake.js';

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

/** What answers to a method and a path; `id` is what stands for `:id`. */
export type Handler = (request: ApiRequest, id: string) => ApiResponse | Promise<ApiResponse>;

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

/**
 * A page may send `text/plain` and forms to any server, with the user's cookies; for `application/json` its browser asks
 * the server first. The parameters, such as a charset, mean nothing: JSON is UTF-8 (RFC 8259 § 8.1).
 * @throws RelayError `ERR_RELAY_MEDIA_TYPE`
 */
export function checkMediaType(type: string | undefined): void {
  if (!/^application\/json[ \t]*(;|$)/i.test(type ?? ''))
    throw new RelayError(
      'ERR_RELAY_MEDIA_TYPE',
      'Send JSON, with the header "Content-Type: application/json".',
    );
}

const FIRST_BYTES = 4_096;

/**
 * Keeps no chunk: a client can send each byte as a chunk, which takes 100 times its size.
 * @throws RelayError `ERR_RELAY_TOO_LARGE`, as soon as it is known.
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
