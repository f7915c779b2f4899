import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocketServer } from 'ws';
import { checkOptions, type Keys, misconfigured } from '../util/check-options.js';
import type { Logger } from '../util/logger.js';
import { requirePeer } from '../util/optional-peer.js';
import { EVERY_PATH, mountedPaths, takePath } from './mounted-paths.js';

/**
 * A server of node:http or node:https, with the path on which it serves the relay.
 * @category Transport
 */
export interface ServerWithPath {
  server: HttpServer;
  /** @default '/rtc' */
  path?: string;
}

/** The WebSocketServer that serves a relay. */
export interface Mount {
  readonly wss: WebSocketServer;
  dispose(): void;
}

const DEFAULT_PATH = '/rtc';
const EXAMPLE = 'useServer(relay, server), or useServer(relay, { server, path: "/rtc" })';
const KEYS: Keys<ServerWithPath> = { server: true, path: true };

/** Paths that are logged when they are refused; clients may request any number. */
const MAX_LOGGED_PATHS = 5;
const MAX_LOGGED_LENGTH = 200;

/** @throws RelayError `ERR_RELAY_CONFIG` that says what to write */
export function openMount(server: WebSocketServer | HttpServer | ServerWithPath, logger: Logger): Mount {
  if (typeof server === 'function' && 'listen' in server)
    throw misconfigured(
      'useServer() needs the HTTP server of the app: write const server = app.listen(8080); useServer(relay, server).',
    );
  if (isWebSocketServer(server)) return onWebSocketServer(server, logger);
  if (isHttpServer(server)) return onHttpServer(server, DEFAULT_PATH, logger);
  checkOptions({ name: 'useServer()', example: EXAMPLE }, server, KEYS);
  const { server: http, path = DEFAULT_PATH } = server;
  if (!isHttpServer(http))
    throw misconfigured(`"server" must be a server of node:http or node:https: write ${EXAMPLE}.`);
  if (typeof path !== 'string' || !/^\/[^?#]*$/.test(path))
    throw misconfigured('"path" must begin with a slash, and have no query: path: "/rtc".');
  return onHttpServer(http, path, logger);
}

function onWebSocketServer(wss: WebSocketServer, logger: Logger): Mount {
  const { server, path = '' } = wss.options;
  const release = takePath(server ?? wss, EVERY_PATH);
  if (!server) return { wss, dispose: release };
  const missed = missedPaths(
    path,
    logger,
    (asked) => `new WebSocketServer({ server, path: ${JSON.stringify(asked)} })`,
  );
  const disturbed = disturbance(logger);
  // Runs after the listener of ws, which the WebSocketServer's constructor has added.
  const watch = (request: IncomingMessage, socket: Duplex) => {
    // ws answers with 400, and logs nothing.
    if (!wss.shouldHandle(request)) missed(request);
    // ws destroys a socket immediately only if it could not answer.
    else if (socket.destroyed && socket.writableEnded) disturbed();
    else if (!socket.writableEnded) disturbed.checkLater(socket);
  };
  const dispose = () => {
    release();
    server.off('upgrade', watch);
    wss.off('close', dispose);
  };
  server.on('upgrade', watch);
  wss.on('close', dispose);
  return { wss, dispose };
}

function onHttpServer(server: HttpServer, path: string, logger: Logger): Mount {
  const otherwise = 'pass a WebSocketServer of your own';
  const ws = requirePeer<typeof import('ws')>({ name: 'ws', user: 'useServer()', otherwise });
  const release = takePath(server, path);
  const wss = new ws.WebSocketServer({ noServer: true, path });
  const missed = missedPaths(
    path,
    logger,
    (asked) => `useServer(relay, { server, path: ${JSON.stringify(asked)} })`,
  );
  const disturbed = disturbance(logger);
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!wss.shouldHandle(request)) {
      // A socket error without a listener ends the process.
      socket.on('error', ignore);
      const paths = mountedPaths(server);
      // Each relay has one listener; the first one that is called answers.
      if (server.listenerCount('upgrade') > paths.size || socket.writableEnded || paths.has(pathOf(request)))
        return;
      missed(request);
      refuse(socket, paths);
      return;
    }
    if (socket.writableEnded) {
      disturbed();
      return;
    }
    try {
      wss.handleUpgrade(request, socket, head, (client) => wss.emit('connection', client, request));
      if (!socket.writableEnded) disturbed.checkLater(socket);
    } catch (error) {
      // Another WebSocketServer has taken the socket.
      disturbed(error);
    }
  };
  server.on('upgrade', upgrade);
  return {
    wss,
    dispose() {
      release();
      server.off('upgrade', upgrade);
    },
  };
}

function missedPaths(
  path: string,
  logger: Logger,
  advice: (asked: string) => string,
): (request: IncomingMessage) => void {
  const logged = new Set<string>();
  return (request) => {
    const asked = pathOf(request).slice(0, MAX_LOGGED_LENGTH);
    if (logged.size >= MAX_LOGGED_PATHS || logged.has(asked)) return;
    logged.add(asked);
    logger.warn(
      { path: asked },
      `A WebSocket was refused as its path is not that of the relay: connect to ${path}, or serve the relay at ${asked}: ${advice(asked)}`,
    );
  };
}

function pathOf({ url = '' }: IncomingMessage): string {
  const [path = ''] = url.split('?', 1);
  return path;
}

/** Warns once if another listener of the server answers the relay's clients. */
function disturbance(logger: Logger) {
  let isLogged = false;
  const disturbed = (error?: unknown) => {
    if (isLogged) return;
    isLogged = true;
    logger.warn(
      error === undefined ? {} : { err: error },
      'Another "upgrade" listener of the server answers the WebSockets of the relay, and ends them. A WebSocketServer made with { server, path } refuses every path but its own: make it with { noServer: true }, and call its handleUpgrade() in an "upgrade" listener for its path',
    );
  };
  /** Checks after all listeners have run: only one of them can have ended the socket by then. */
  const checkLater = (socket: Duplex) => {
    process.nextTick(() => {
      if (socket.writableEnded) disturbed();
    });
  };
  return Object.assign(disturbed, { checkLater });
}

function ignore(): void {}

function refuse(socket: Duplex, paths: Set<string>): void {
  const message = `No WebSocket is served here: the relay's is at ${[...paths].join(' or ')}.`;
  // Otherwise a client that keeps its side open would keep the socket.
  socket.once('finish', () => socket.destroy());
  socket.end(
    [
      'HTTP/1.1 404 Not Found',
      'Connection: close',
      'Content-Type: text/plain',
      `Content-Length: ${Buffer.byteLength(message)}`,
      '',
      message,
    ].join('\r\n'),
  );
}

function isWebSocketServer(server: object): server is WebSocketServer {
  return typeof (server as WebSocketServer | undefined)?.handleUpgrade === 'function';
}

function isHttpServer(server: object | undefined): server is HttpServer {
  const { listen, on } = (server ?? {}) as Partial<HttpServer>;
  return typeof listen === 'function' && typeof on === 'function';
}
