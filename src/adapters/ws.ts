/**
 * Serves the relay on a server of node:http, by the package ws.
 * @module sfu-relay/ws
 */
import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { Writable } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';
import type { Principal } from '../access/authentication.js';
import { closing } from '../protocol/errors.js';
import type { SfuRelay } from '../relay/relay.js';
import { holdConnections } from '../signaling/connection/connection-holder.js';
import { serveConnection } from '../signaling/connection/serve-connection.js';
import { type ConnectionOptions, resolveConnectionOptions } from '../signaling/options.js';
import type { RelaySocket } from '../signaling/socket/socket.js';
import { selectProtocol } from '../signaling/wire/handshake.js';
import { checkRelay } from '../util/check-options.js';
import { fromIncomingMessage } from './node-http.js';
import { openMount, type ServerWithPath } from './ws-mount.js';

export type { ConnectionOptions } from '../signaling/options.js';
export type { ServerWithPath } from './ws-mount.js';

/** @category Transport */
export interface ServerHandle {
  /** Accepts no further connections. Open ones continue; `relay.close()` ends them. */
  dispose(): void;
}

/**
 * Serves the relay on a server of node:http or node:https, or on a `WebSocketServer` of ws.
 *
 * ```ts
 * useServer(relay, server);                           // on /rtc
 * useServer(relay, { server, path: '/live' });
 * useServer(relay, new WebSocketServer({ server, path: '/rtc' }));
 * ```
 * WebSockets on other paths are left to the server's other listeners. Without other listeners they are refused, and
 * logged.
 *
 * An ordinary `new WebSocketServer({ server, path: '/chat' })` on the same server ends the relay's WebSockets, because ws
 * refuses every path but its own; the relay logs a warning then. Create it with `{ noServer: true }`, and call its
 * `handleUpgrade()` for its path in an `upgrade` listener of the server. For the same reason two relays can share a server
 * only by `useServer(relay, { server, path })`.
 *
 * Options `handleProtocols`, `verifyClient`, `maxPayload` and `maxFragments` of a `WebSocketServer` are set unless you have set them.
 * While the relay closes, handshakes are answered with 503. A `WebSocketServer` emits the errors of its HTTP server, such as a port in use: listen to its `error` event, or create it
 * once the server listens.
 * @throws RelayError `ERR_RELAY_CONFIG`
 * @category Transport
 */
export function useServer<P extends Principal>(
  relay: SfuRelay<P>,
  server: WebSocketServer | HttpServer | ServerWithPath,
  options: ConnectionOptions = {},
): ServerHandle {
  checkRelay('useServer()', 'useServer(relay, server)', relay);
  const resolved = resolveConnectionOptions('useServer', options);
  holdConnections(relay);
  const mount = openMount(server, relay.logger);
  const { wss } = mount;
  wss.options.handleProtocols ??= (offered: Set<string>) => selectProtocol(offered);
  // By the status, balancers see it, too. With two parameters ws lets it choose the status.
  wss.options.verifyClient ??= (_info, answer) => answer(!relay.isClosing, 503, closing().message);
  // Above the relay's own limit, so that the relay's close code is used.
  const unset = wss.options.maxPayload === undefined || wss.options.maxPayload === WS_DEFAULT_MAX_PAYLOAD;
  if (unset) wss.options.maxPayload = 2 * resolved.maxMessageBytes;
  // Each fragment is a buffer of its own: thousands of small ones take many times the bytes.
  if (wss.options.maxFragments === WS_DEFAULT_MAX_FRAGMENTS) wss.options.maxFragments = MAX_FRAGMENTS;

  const serve = (ws: WebSocket, request: IncomingMessage) => {
    let isTooBig = false;
    ws.on('error', (error: Error & { code?: string }) => {
      isTooBig ||= error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
      relay.logger.debug({ err: error }, 'A socket failed');
    });
    const socket = new WsSocket(ws, request.socket);
    const connection = serveConnection(relay, socket, fromIncomingMessage(request), resolved);
    ws.on('message', (data, isBinary) => {
      if (isBinary) connection.receiveBinary();
      else connection.receive(data.toString());
    });
    ws.on('pong', () => connection.pong());
    ws.on('ping', () => connection.pinged());
    ws.on('close', (code, reason) => connection.closed(isTooBig ? TOO_BIG : code, reason.toString()));
  };
  wss.on('connection', serve);
  return {
    dispose() {
      wss.off('connection', serve);
      mount.dispose();
    },
  };
}

/** The close code of a message that is too long (RFC 6455 § 7.4.1). ws sends it, but reports the client's. */
const TOO_BIG = 1009;

const WS_DEFAULT_MAX_PAYLOAD = 100 * 1024 * 1024;
const WS_DEFAULT_MAX_FRAGMENTS = 16 * 1024;
/** Browsers send a message in one fragment or a few. */
const MAX_FRAGMENTS = 4 * 1024;

class WsSocket implements RelaySocket {
  readonly #ws: WebSocket;
  /** The TCP or TLS socket. */
  readonly #socket: Writable;

  constructor(ws: WebSocket, socket: Writable) {
    this.#ws = ws;
    this.#socket = socket;
  }

  get protocol(): string {
    return this.#ws.protocol;
  }

  get bufferedAmount(): number {
    return this.#ws.bufferedAmount;
  }

  send(text: string): void {
    this.#ws.send(text);
  }

  cork(send: () => void): void {
    this.#socket.cork();
    send();
    this.#socket.uncork();
  }

  ping(): void {
    this.#ws.ping();
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason);
  }

  terminate(): void {
    this.#ws.terminate();
  }
}
