import type { Principal } from '../../access/authentication.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { AuthenticatedClient } from '../authentication/authenticated-client.js';
import type { ResolvedConnectionOptions } from '../options.js';
import type { ConnectionHandle, RelaySocket } from '../socket/socket.js';
import type { HandshakeRequest } from '../wire/handshake.js';
import { Connection } from './connection.js';

/** As `acceptConnection`, with options that its transport has resolved once for all connections. */
export function serveConnection<P extends Principal>(
  relay: SfuRelay<P>,
  socket: RelaySocket,
  request: HandshakeRequest,
  options: ResolvedConnectionOptions,
): ConnectionHandle {
  return new Connection(relay, socket, request, options);
}

/** Serves a connection of another process, which has authenticated its client. */
export function serveAuthenticated<P extends Principal>(
  relay: SfuRelay<P>,
  socket: RelaySocket,
  client: AuthenticatedClient<P>,
  options: ResolvedConnectionOptions,
): ConnectionHandle {
  return new Connection(relay, socket, client.request, options, client);
}
