import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type ApiRequest, type ApiResponse, readText } from '../http/exchange.js';
import type { HandshakeRequest } from '../signaling/wire/handshake.js';

/** Reads a request of node:http. `url` is the original one, if a router has changed it. */
export function fromIncomingMessage(request: IncomingMessage, url = request.url): HandshakeRequest {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  // HTTP/2 has the host in a pseudo-header (RFC 9113 § 8.3.1).
  headers.host ??= headers[':authority'];
  const { remoteAddress, encrypted } = request.socket as Socket & { encrypted?: boolean };
  return { url: url ?? '/', headers, remoteAddress, ...(encrypted && { isEncrypted: true }) };
}

/** Turns a request of node:http into one of the API. `parsed` is the body if a parser of the framework has read it. */
export function fromNode(
  request: IncomingMessage,
  response: ServerResponse,
  { path, url, parsed }: { path: string; url: string | undefined; parsed: unknown },
): ApiRequest {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  return {
    ...fromIncomingMessage(request, url),
    method: request.method ?? 'GET',
    path,
    signal: gone.signal,
    readBody: async (maxBytes) => {
      // `parsed` says nothing about that: parsers of Express 4 set {} and leave a body of another type unread.
      // A body that is too long must not destroy the request: the response needs its connection.
      if (!request.readableEnded) return readText(request.iterator({ destroyOnReturn: false }), maxBytes);
      return Buffer.isBuffer(parsed) ? parsed.toString() : parsed;
    },
  };
}

/**
 * Sends a response. Resolves when it has ended, for any reason.
 * @throws the errors of `writeHead()`, such as `ERR_HTTP_HEADERS_SENT`, synchronously
 */
export function toNode({ status, headers, body }: ApiResponse, response: ServerResponse): Promise<void> {
  try {
    response.writeHead(status, headers);
  } catch (error) {
    if (typeof body !== 'string') void body.return?.();
    // Another handler has begun the response, and may never end it.
    if (!response.writableEnded) response.destroy();
    throw error;
  }
  if (typeof body === 'string') {
    response.end(body);
    return Promise.resolve();
  }
  // It rejects if the client has disconnected or was cut off: both are expected.
  return pipeline(Readable.from(body), response, { signal: body.signal }).catch(() => {});
}
