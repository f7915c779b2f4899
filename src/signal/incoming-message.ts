import type { IncomingMessage } from 'node:http';
import type { HandshakeRequest } from './socket.js';

/** What the relay wants to know of a request of node:http. `url` as requested, where a router has cut it. */
export function fromIncomingMessage(request: IncomingMessage, url = request.url): HandshakeRequest {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return { url: url ?? '/', headers, remoteAddress: request.socket.remoteAddress };
}
