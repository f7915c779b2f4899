import type { Principal } from '../../access/authentication.js';
import type { SfuRelay } from '../../relay/relay.js';
import { checkRelay, misconfigured } from '../../util/check-options.js';
import { isRecord } from '../../util/is-record.js';
import { type ConnectionOptions, resolveConnectionOptions } from '../options.js';
import type { ConnectionHandle, RelaySocket } from '../socket/socket.js';
import type { HandshakeRequest } from '../wire/handshake.js';
import { holdConnections } from './connection-holder.js';
import { serveConnection } from './serve-connection.js';

const EXAMPLE = 'acceptConnection(relay, socket, { url, headers, remoteAddress })';

/**
 * Serves a client on a socket of any transport. `sfu-relay/ws` is such a transport, in a few lines.
 * @category Transport
 */
export function acceptConnection<P extends Principal>(
  relay: SfuRelay<P>,
  socket: RelaySocket,
  request: HandshakeRequest,
  options: ConnectionOptions = {},
): ConnectionHandle {
  checkRelay('acceptConnection()', EXAMPLE, relay);
  checkSocket(socket);
  checkRequest(request);
  holdConnections(relay);
  return serveConnection(relay, socket, request, resolveConnectionOptions('acceptConnection', options));
}

/** @throws RelayError `ERR_RELAY_CONFIG` */
function checkSocket(socket: unknown): void {
  for (const method of ['send', 'ping', 'close', 'terminate'] as const) {
    if (typeof (socket as Record<string, unknown> | undefined)?.[method] !== 'function')
      throw misconfigured(
        `The socket of acceptConnection() needs a method ${method}(), see RelaySocket: write ${EXAMPLE}.`,
      );
  }
}

/** @throws RelayError `ERR_RELAY_CONFIG` */
function checkRequest(request: unknown): void {
  const { url, headers } = (request ?? {}) as { url?: unknown; headers?: unknown };
  if (typeof url !== 'string' || !isRecord(headers))
    throw misconfigured(
      `The request of acceptConnection() needs "url" and "headers" with lower-case names: write ${EXAMPLE}.`,
    );
}
