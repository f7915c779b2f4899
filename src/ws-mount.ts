import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocketServer } from 'ws';
import { checkOptions, type Keys } from './check-options.js';
import { RelayError } from './errors.js';
import type { Logger } from './logger.js';
import { requirePeer } from './peer.js';

/**
 * A server of node:http or node:https, and the path on which it serves the relay.
 * @category Transport
 */
export interface ServerWithPath {
  server: HttpServer;
  /** @default '/rtc' */
  path?: string;
}

/** The WebSocket server that a relay is served on. */
export interface Mount {
  readonly wss: WebSocketServer;
  dispose(): void;
}

const DEFAULT_PATH = '/rtc';
const EXAMPLE = 'useServer(relay, server), or useServer(relay, { server, path: "/rtc" })';
const KEYS: Keys<ServerWithPath> = { server: true, path: true };

/** Wrong paths that are logged; a client could ask for any number of them. */
const MAX_LOGGED_PATHS = 5;
const MAX_LOGGED_LENGTH = 200;

/** The paths that relays have on each server; of a WebSocketServer, which has one, `''`. */
const taken = new WeakMap<object, Set<string>>();

/** @throws RelayError `ERR_RELAY_CONFIG` that says what to write. */
export function openMount(server: WebSocketServer | HttpServer | ServerWithPath, logger: Logger): Mount {
  if (typeof server === 'function' && 'listen' in server)
    throw wrong(
      'useServer() needs the HTTP server of the app: write const server = app.listen(8080); useServer(relay, server).',
    );
  if (isWebSocketServer(server)) return onWebSocketServer(server, logger);
  if (isHttpServer(server)) return onHttpServer(server, DEFAULT_PATH, logger);
  checkOptions({ name: 'useServer()', example: EXAMPLE }, server, KEYS);
  const { server: http, path = DEFAULT_PATH } = server;
  if (!isHttpServer(http))
    throw wrong(`"server" must be a server of node:http or node:https: write ${EXAMPLE}.`);
  if (typeof path !== 'string' || !/^\/[^?#]*$/.test(path))
    throw wrong('"path" must begin with a slash, and have no query: path: "/rtc".');
  return onHttpServer(http, path, logger);
}

function onWebSocketServer(wss: WebSocketServer, logger: Logger): Mount {
  const release = take(wss, '');
  const { server } = wss.options;
  if (!server) return { wss, dispose: release };
  // ws answers by 400, and nobody hears of it.
  const missed = missedPaths(
    wss.options.path ?? '',
    logger,
    (asked) => `new WebSocketServer({ server, path: ${JSON.stringify(asked)} })`,
  );
  const watch = (request: IncomingMessage) => {
    if (!wss.shouldHandle(request)) missed(request);
  };
  server.on('upgrade', watch);
  return {
    wss,
    dispose() {
      release();
      server.off('upgrade', watch);
    },
  };
}

function onHttpServer(server: HttpServer, path: string, logger: Logger): Mount {
  const otherwise = 'pass a WebSocketServer of your own';
  const ws = requirePeer<typeof import('ws')>({ name: 'ws', user: 'useServer()', otherwise });
  const release = take(server, path);
  const wss = new ws.WebSocketServer({ noServer: true, path });
  const missed = missedPaths(
    path,
    logger,
    (asked) => `useServer(relay, { server, path: ${JSON.stringify(asked)} })`,
  );
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (wss.shouldHandle(request)) {
      wss.handleUpgrade(request, socket, head, (client) => wss.emit('connection', client, request));
    } else if (server.listenerCount('upgrade') === 1) {
      missed(request);
      refuse(socket, `No WebSocket is served here: the relay's is at ${path}.`);
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

/** Two would answer each client twice. */
function take(server: object, path: string): () => void {
  const paths = taken.get(server) ?? new Set();
  if (paths.has(path))
    throw wrong(
      'This server serves a relay already: call useServer() once a server, or give each relay a path of its own, useServer(relay, { server, path: "/other" }).',
    );
  taken.set(server, paths.add(path));
  return () => void paths.delete(path);
}

function missedPaths(
  path: string,
  logger: Logger,
  advice: (asked: string) => string,
): (request: IncomingMessage) => void {
  const logged = new Set<string>();
  return ({ url = '' }) => {
    const [asked = ''] = url.slice(0, MAX_LOGGED_LENGTH).split('?');
    if (logged.size >= MAX_LOGGED_PATHS || logged.has(asked)) return;
    logged.add(asked);
    logger.warn(
      { path: asked },
      `A WebSocket was refused as its path is not that of the relay: connect to ${path}, or serve the relay at ${asked}: ${advice(asked)}`,
    );
  };
}

function refuse(socket: Duplex, message: string): void {
  socket.on('error', () => {});
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

function wrong(message: string): RelayError {
  return new RelayError('ERR_RELAY_CONFIG', message);
}
