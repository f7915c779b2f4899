/**
 * Serves the relay on a route of uWebSockets.js.
 * @module sfu-relay/uwebsockets
 */
import type { Principal } from '../access/authentication.js';
import { closing } from '../protocol/errors.js';
import type { SfuRelay } from '../relay/relay.js';
import { holdConnections } from '../signaling/connection/connection-holder.js';
import { serveConnection } from '../signaling/connection/serve-connection.js';
import { type ConnectionOptions, resolveConnectionOptions } from '../signaling/options.js';
import type { ConnectionHandle, RelaySocket } from '../signaling/socket/socket.js';
import { type HandshakeRequest, offeredProtocols, selectProtocol } from '../signaling/wire/handshake.js';
import { checkRelay } from '../util/check-options.js';

export type { ConnectionOptions } from '../signaling/options.js';

/** The result of `send()` for a message beyond the socket's limit. 1: sent; 0: buffered. */
const DROPPED = 2;
/** The range that uWebSockets.js accepts. */
const IDLE_TIMEOUT_S = { least: 8, most: 960 };

/**
 * The members of uWebSockets.js' `WebSocket` that the relay uses. Its package is not on npm, so it is not imported.
 * @category Transport
 */
export interface UwsWebSocket {
  send(message: string): number;
  cork(send: () => void): unknown;
  getBufferedAmount(): number;
  ping(): number;
  end(code: number, reason: string): void;
  close(): void;
  getUserData(): UwsUserData;
}

/** @category Transport */
export interface UwsResponse {
  getRemoteAddressAsText(): ArrayBuffer;
  writeStatus(status: string): { end(body: string): unknown };
  upgrade(data: UwsUserData, key: string, protocol: string, extensions: string, context: object): void;
}

/** @category Transport */
export interface UwsRequest {
  getUrl(): string;
  getQuery(): string | undefined;
  forEach(visit: (name: string, value: string) => void): void;
}

/**
 * The user data of a socket.
 * @category Transport
 */
export interface UwsUserData {
  readonly request: HandshakeRequest;
  readonly protocol: string;
  /** False after `close`: every call on the socket would throw. */
  isOpen: boolean;
  connection: ConnectionHandle | undefined;
}

/** @category Transport */
export interface UwsBehavior {
  maxPayloadLength: number;
  maxBackpressure: number;
  idleTimeout: number;
  sendPingsAutomatically: false;
  /** `uWS.DISABLED`. */
  compression: 0;
  upgrade(response: UwsResponse, request: UwsRequest, context: object): void;
  open(ws: UwsWebSocket): void;
  message(ws: UwsWebSocket, message: ArrayBuffer, isBinary: boolean): void;
  ping(ws: UwsWebSocket): void;
  pong(ws: UwsWebSocket): void;
  close(ws: UwsWebSocket, code?: number, message?: ArrayBuffer): void;
}

/**
 * Serves the relay on a route of a uWebSockets.js app.
 *
 * ```ts
 * uWS.App().ws('/rtc', makeBehavior(relay)).listen(8080, () => {});
 * ```
 * uWebSockets.js listens on a port even if another process has it; use `LIBUS_LISTEN_EXCLUSIVE_PORT` to get an error.
 *
 * The connection is upgraded before it is authenticated: uWebSockets.js frees the request when its handler returns, and
 * the close code tells a browser why it was refused. While the relay closes, handshakes are answered with 503.
 * @throws RelayError `ERR_RELAY_CONFIG`
 * @category Transport
 */
export function makeBehavior<P extends Principal>(
  relay: SfuRelay<P>,
  options: ConnectionOptions = {},
): UwsBehavior {
  checkRelay('makeBehavior()', 'app.ws("/rtc", makeBehavior(relay))', relay);
  const resolved = resolveConnectionOptions('makeBehavior', options);
  holdConnections(relay);
  const { maxMessageBytes, maxBufferedBytes, heartbeatIntervalMs } = resolved;
  const { least, most } = IDLE_TIMEOUT_S;
  return {
    // Above the relay's own limits, so that the relay's close codes are used.
    maxPayloadLength: 2 * maxMessageBytes,
    maxBackpressure: 2 * maxBufferedBytes,
    // Later than the relay's heartbeat: it ends sockets whose client does not answer the close frame.
    idleTimeout: Math.min(Math.max(Math.ceil((5 * heartbeatIntervalMs) / 1000), least), most),
    sendPingsAutomatically: false,
    compression: 0,
    upgrade(response, request, context) {
      if (relay.isClosing) {
        response.writeStatus('503 Service Unavailable').end(closing().message);
        return;
      }
      const handshake = toRequest(response, request);
      const header = (name: string) => handshake.headers[name] ?? '';
      const protocol = selectProtocol(offeredProtocols(handshake)) || '';
      const data = { request: handshake, protocol, isOpen: true, connection: undefined };
      response.upgrade(
        data,
        header('sec-websocket-key'),
        protocol,
        header('sec-websocket-extensions'),
        context,
      );
    },
    open(ws) {
      const data = ws.getUserData();
      data.connection = serveConnection(relay, new UwsSocket(ws, data), data.request, resolved);
      // The connection was refused in its constructor: `close` was called before `data.connection` was set.
      if (!data.isOpen) data.connection.closed();
    },
    message(ws, message, isBinary) {
      const { connection } = ws.getUserData();
      if (isBinary) connection?.receiveBinary();
      else connection?.receive(Buffer.from(message).toString());
    },
    ping: (ws) => ws.getUserData().connection?.pinged(),
    pong: (ws) => ws.getUserData().connection?.pong(),
    close(ws, code, reason) {
      const data = ws.getUserData();
      data.isOpen = false;
      const text = reason && Buffer.from(reason).toString();
      const isTooBig = code === NO_CLOSE_FRAME && text === TOO_BIG_REASON;
      data.connection?.closed(isTooBig ? TOO_BIG : code, text);
    },
  };
}

/** Close codes (RFC 6455 § 7.4.1). */
const NO_CLOSE_FRAME = 1006;
const TOO_BIG = 1009;
/** With it uWebSockets.js reports 1006. */
const TOO_BIG_REASON = 'Received too big message';

class UwsSocket implements RelaySocket {
  readonly #ws: UwsWebSocket;
  readonly #data: UwsUserData;

  constructor(ws: UwsWebSocket, data: UwsUserData) {
    this.#ws = ws;
    this.#data = data;
  }

  get protocol(): string {
    return this.#data.protocol;
  }

  get bufferedAmount(): number {
    return this.#data.isOpen ? this.#ws.getBufferedAmount() : 0;
  }

  send(text: string): void {
    if (this.#data.isOpen && this.#ws.send(text) === DROPPED)
      throw new Error('uWebSockets.js has dropped a message');
  }

  cork(send: () => void): void {
    if (this.#data.isOpen) this.#ws.cork(send);
  }

  ping(): void {
    if (this.#data.isOpen) this.#ws.ping();
  }

  close(code: number, reason: string): void {
    if (this.#data.isOpen) this.#ws.end(code, reason);
  }

  terminate(): void {
    if (this.#data.isOpen) this.#ws.close();
  }
}

/** Copies the request, which uWebSockets.js frees when its handler returns. */
function toRequest(response: UwsResponse, request: UwsRequest): HandshakeRequest {
  const headers: Record<string, string> = {};
  request.forEach((name, value) => {
    const earlier = Object.hasOwn(headers, name) ? headers[name] : undefined;
    const separator = name === 'cookie' ? ';' : ',';
    headers[name] = earlier === undefined ? value : `${earlier}${separator} ${value}`;
  });
  const query = request.getQuery();
  return {
    url: request.getUrl() + (query ? `?${query}` : ''),
    headers,
    remoteAddress: Buffer.from(response.getRemoteAddressAsText()).toString() || undefined,
  };
}
