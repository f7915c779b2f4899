import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type ApiRequest, type ApiResponse, readText } from '../http/exchange.js';
import type { HandshakeRequest } from '../signaling/wire/handshake.js';

/** What the relay wants to know of a request of node:http. `url` as requested, where a router has cut it. */
export function fromIncomingMessage(request: IncomingMessage, url = request.url): HandshakeRequest {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  // HTTP/2 has the host in a pseudo-header.
  headers.host ??= headers[':authority'];
  const { remoteAddress, encrypted } = request.socket as Socket & { encrypted?: boolean };
  return { url: url ?? '/', headers, remoteAddress, ...(encrypted && { isEncrypted: true }) };
}

/** A request of node:http. `parsed` is what a body parser of the framework has made of the body, if it has read it. */
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
      // Also where a parser did not want it: Express 4's then leave {} behind, and the body unread.
      // Destroying the request, when it is too long, would take the connection with it, and the answer.
      if (!request.readableEnded) return readText(request.iterator({ destroyOnReturn: false }), maxBytes);
      return Buffer.isBuffer(parsed) ? parsed.toString() : parsed;
    },
  };
}

/**
 * Resolves when the response has ended, however it did.
 * @throws what `writeHead()` throws, such as `ERR_HTTP_HEADERS_SENT`, in this call and not in the promise.
 */
export function toNode({ status, headers, body }: ApiResponse, response: ServerResponse): Promise<void> {
  try {
    response.writeHead(status, headers);
  } catch (error) {
    if (typeof body !== 'string') void body.return?.();
    // Somebody else has begun to answer. The client would wait for the rest, unless that was all.
    if (!response.writableEnded) response.destroy();
    throw error;
  }
  if (typeof body === 'string') {
    response.end(body);
    return Promise.resolve();
  }
  // The client has gone, or was cut off: both are in order, and there is nobody to tell.
  return pipeline(Readable.from(body), response, { signal: body.signal }).catch(() => {});
}
