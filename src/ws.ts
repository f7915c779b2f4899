import type { IncomingMessage } from 'node:http';
import type { Writable } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';
import type { Principal } from './authentication.js';
import type { SfuRelay } from './relay.js';
import { type ConnectionOptions, serveConnection } from './signal/connection.js';
import { selectProtocol } from './signal/handshake.js';
import { fromIncomingMessage } from './signal/incoming-message.js';
import { resolveConnectionOptions } from './signal/options.js';
import type { RelaySocket } from './signal/socket.js';

export type { ConnectionOptions } from './signal/connection.js';

/** @category Transport */
export interface ServerHandle {
  /** Serves no further connection; those that stand go on. `relay.close()` ends them. */
  dispose(): void;
}

/**
 * Serves the relay on a `WebSocketServer` of ws.
 *
 * ```ts
 * useServer(relay, new WebSocketServer({ server, path: '/rtc' }));
 * ```
 * It sets the server's `handleProtocols`, `maxPayload` and `maxFragments`, where they are not set. A `WebSocketServer` passes on the
 * errors of its HTTP server, such as a taken port: listen to its `error`, or make it once the server listens.
 * @throws RelayError `ERR_RELAY_CONFIG`
 * @category Transport
 */
export function useServer<P extends Principal>(
  relay: SfuRelay<P>,
  server: WebSocketServer,
  options: ConnectionOptions = {},
): ServerHandle {
  const resolved = resolveConnectionOptions(options);
  server.options.handleProtocols ??= (offered: Set<string>) => selectProtocol(offered);
  // Above the relay's own limit, so that a message a little too long gets the relay's close code.
  const unset =
    server.options.maxPayload === undefined || server.options.maxPayload === WS_DEFAULT_MAX_PAYLOAD;
  if (unset) server.options.maxPayload = 2 * resolved.maxMessageBytes;
  // Each fragment is a buffer of its own: thousands of small ones take many times their bytes.
  if (server.options.maxFragments === WS_DEFAULT_MAX_FRAGMENTS) server.options.maxFragments = MAX_FRAGMENTS;

  const serve = (ws: WebSocket, request: IncomingMessage) => {
    ws.on('error', (error) => relay.logger.debug({ err: error }, 'A socket failed'));
    const socket = new WsSocket(ws, request.socket);
    const connection = serveConnection(relay, socket, fromIncomingMessage(request), resolved);
    ws.on('message', (data, isBinary) => {
      if (isBinary) connection.receiveBinary();
      else connection.receive(data.toString());
    });
    ws.on('pong', () => connection.pong());
    ws.on('ping', () => connection.pinged());
    ws.on('close', (code, reason) => connection.closed(code, reason.toString()));
  };
  server.on('connection', serve);
  return { dispose: () => void server.off('connection', serve) };
}

const WS_DEFAULT_MAX_PAYLOAD = 100 * 1024 * 1024;
const WS_DEFAULT_MAX_FRAGMENTS = 16 * 1024;
/** Browsers send a message in few fragments, or in one. */
const MAX_FRAGMENTS = 1024;

class WsSocket implements RelaySocket {
  readonly #ws: WebSocket;
  /** Below it. */
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
