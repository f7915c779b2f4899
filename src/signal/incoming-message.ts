import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { HandshakeRequest } from './socket.js';

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
