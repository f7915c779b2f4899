import { createServer, type Server } from 'node:http';
import { WebSocketServer } from 'ws';
import { useServer } from '../../src/adapters/ws.js';
import {
  anonymous,
  type ConnectionOptions,
  chat,
  gift,
  type Session,
  SfuRelay,
  type SfuRelayOptions,
} from '../../src/index.js';
import { type ScriptedSfu, startScriptedSfu } from '../../src/testing/index.js';
import { serveUwebsockets } from '../contract/uwebsockets-server.js';
import { closeServer, listen } from '../support/listen.js';

/** A notification that the relay owes to a client. */
export interface Owed {
  method: string;
  params: Record<string, unknown>;
}

/** What describes the room, and so may be replaced by a snapshot. */
const DESCRIBING = ['participants', 'tracks', 'message', 'room'] as const;

/** Heartbeats, which acknowledge, fall into every scene. */
const CONNECTIONS = { heartbeatIntervalMs: 200 };

/** A relay in front of a scripted SFU, behind ws and uWebSockets.js, that notes what it owes to each session and what it was told. */
export class World {
  readonly relay: SfuRelay;
  readonly sfu: ScriptedSfu;
  /** By session: what describes its room, in the order of the session's events. */
  readonly owed = new Map<string, Owed[]>();
  /** By room: the texts and gifts of clients that came through, in their order. */
  readonly said = new Map<string, unknown[]>();
  /** Errors of the relay's log. */
  readonly errors: string[] = [];
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  #urls: readonly string[] = [];
  #stopUws: () => Promise<void> = async () => {};

  private constructor(sfu: ScriptedSfu, options: Partial<SfuRelayOptions>, connections: ConnectionOptions) {
    this.sfu = sfu;
    const silent = () => {};
    const { hooks, ...rest } = options;
    this.relay = new SfuRelay({
      sfu: { serverUrl: sfu.address, probeOnStart: false },
      authenticate: anonymous(),
      // A snapshot has what a scene says.
      messages: { chat: chat({ history: { maxMessages: 300, maxBytes: 200_000 } }), gift: gift() },
      hooks: {
        ...hooks,
        onMessage: (message) => {
          const { session, data } = message;
          const note = () => {
            if (session.userId === 'alice') listIn(this.said, session.roomId).push(data);
          };
          const asked = hooks?.onMessage?.(message);
          return asked instanceof Promise ? asked.then(note) : note();
        },
      },
      logger: {
        debug: silent,
        info: silent,
        warn: silent,
        error: (fields, message) => {
          this.errors.push(`${message} ${String((fields as { err?: unknown }).err ?? '')}`);
        },
      },
      ...rest,
    });
    this.relay.on('sessionopen', (session) => this.#watch(session));
    this.#http = createServer();
    this.#sockets = new WebSocketServer({ server: this.#http, path: '/rtc' });
    useServer(this.relay, this.#sockets, connections);
  }

  static async start(
    options: Partial<SfuRelayOptions> = {},
    connections: ConnectionOptions = CONNECTIONS,
  ): Promise<World> {
    const world = new World(await startScriptedSfu(), options, connections);
    const uws = await serveUwebsockets(world.relay, connections);
    world.#stopUws = uws.stop;
    world.#urls = [`ws://127.0.0.1:${await listen(world.#http)}/rtc`, `ws://127.0.0.1:${uws.port}/rtc`];
    return world;
  }

  /** Of one transport or the other, for four seeds each. */
  url(seed: number): string {
    return this.#urls[Math.floor(seed / 4) % 2] ?? '';
  }

  /** The scene in this room is over. */
  forget(roomId: string, sessionId: string): void {
    this.owed.delete(sessionId);
    this.said.delete(roomId);
  }

  async stop(): Promise<void> {
    await this.relay.close({ timeoutMs: 500 });
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    await closeServer(this.#http);
    await this.#stopUws();
    await this.sfu.stop();
  }

  #watch(session: Session): void {
    if (session.userId !== 'alice') return;
    const owed = listIn(this.owed, session.id);
    for (const method of DESCRIBING)
      session.on(method, (params: object) => {
        owed.push({ method, params: JSON.parse(JSON.stringify(params)) });
      });
  }
}

function listIn<T>(lists: Map<string, T[]>, key: string): T[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}
