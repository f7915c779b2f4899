import { RelayError } from '../../protocol/errors.js';
import { BEARER_PREFIX, SUBPROTOCOL } from '../../protocol/messages.js';

/**
 * The HTTP request that opened the WebSocket.
 * @category Transport
 */
export interface HandshakeRequest {
  /** Path and query. */
  readonly url: string;
  /** Lower-case names; repeated headers joined by `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly remoteAddress: string | undefined;
  /** Whether the request came over TLS, if the transport knows. */
  readonly isEncrypted?: boolean;
}

/** The subprotocols that the client offers, in order of its preference. */
export function offeredProtocols(request: HandshakeRequest): string[] {
  const header = request.headers['sec-websocket-protocol'] ?? '';
  return header
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/**
 * Selects the subprotocol of the response: never the entry that carries the token. False if the relay's is not offered.
 * @category Transport
 */
export function selectProtocol(offered: Iterable<string>): string | false {
  for (const entry of offered) {
    if (entry === SUBPROTOCOL) return entry;
  }
  return false;
}

/** Whether the client offers nothing, only a token, or the relay's subprotocol among others. */
function speaksOurs(offered: readonly string[]): boolean {
  return offered.every((entry) => entry.startsWith(BEARER_PREFIX)) || offered.includes(SUBPROTOCOL);
}

/** @throws RelayError `ERR_RELAY_SUBPROTOCOL` */
export function checkProtocol(request: HandshakeRequest): void {
  if (!speaksOurs(offeredProtocols(request)))
    throw new RelayError('ERR_RELAY_SUBPROTOCOL', 'Offer the subprotocol sfu-relay.v1, or none.');
}

/** The token of the `Authorization` header, a subprotocol entry, or the query, in this order. */
export function handshakeToken(request: HandshakeRequest): string | undefined {
  const bearer = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const entry = offeredProtocols(request).find((each) => each.startsWith(BEARER_PREFIX));
  if (entry !== undefined) return entry.slice(BEARER_PREFIX.length);
  const query = request.url.indexOf('?');
  if (query < 0) return undefined;
  return new URLSearchParams(request.url.slice(query)).get('token') || undefined;
}
