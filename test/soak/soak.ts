import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import { createRouter } from '../../src/adapters/express.js';
import { useServer } from '../../src/adapters/ws.js';
import { type AuthRequest, type Principal, SfuRelay } from '../../src/index.js';
import { rateLimits } from '../../src/plugins/rate-limits/index.js';
import { type ScriptedSfu, startScriptedSfu } from '../../src/testing/index.js';
import { Random } from '../fuzz/random.js';
import { collectGarbage } from '../support/garbage.js';
import { startIon } from '../support/ion.js';
import { closeServer, listen } from '../support/listen.js';
import { LIVES } from './lives.js';
import type { World } from './world.js';

export interface SoakOptions {
  seed: number;
  durationMs: number;
  /** Clients at a time. */
  clients: number;
  /** A real Ion in place of the scripted SFU. */
  isReal: boolean;
  onProgress?(progress: { lives: number; elapsedMs: number; left: Left; heapMiB: number }): void;
}

/** What there is of everything that belongs to clients. */
export interface Left {
  sessions: number;
  rooms: number;
  streams: number;
  streamsAtTheSfu: number;
  connections: number;
  sockets: number;
  listeners: number;
  timers: number;
}

export interface SoakReport {
  seed: number;
  lives: number;
  done: Record<string, number>;
  joins: number;
  /** When everybody had gone. */
  left: Left;
  rejections: string[];
  faults: string[];
  heapMiB: { start: number; end: number };
}

/** What may take a moment has come about by then. */
const PATIENCE_MS = 10_000;
const PROGRESS_EVERY_MS = 5_000;

/** Many short lives of clients in front of a relay; gives what is left when all of them have ended. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { seed, durationMs, clients, isReal, onProgress } = options;
  const random = new Random(seed);
  const sfu = isReal ? await startIon() : await startScriptedSfu({ keepLast: 0 });
  if ('script' in sfu) misbehave(sfu, random);
  const rejections: string[] = [];
  const faults: string[] = [];
  process.on('unhandledRejection', (reason) => rejections.push(String(reason)));
  const relay = makeRelay(sfu.address, random, faults);
  const attached = watchAttachments(relay);
  const router = createRouter(relay, { prefix: '/api/v1/sfu', gatherTimeoutMs: 50, orphanTimeoutMs: 400 });
  const http = createServer((request, response) => router(request, response, () => response.end()));
  const sockets = watchSockets(http);
  const wss = new WebSocketServer({ server: http, path: '/rtc' });
  useServer(relay, wss);
  const origin = `127.0.0.1:${await listen(http)}`;

  const done: Record<string, number> = {};
  const world: World = {
    random,
    origin,
    count: (what) => {
      done[what] = (done[what] ?? 0) + 1;
    },
  };
  const measure = (): Left => ({
    sessions: relay.sessions.size,
    rooms: relay.rooms.size,
    streams: relay.streamCount,
    streamsAtTheSfu: 'streams' in sfu ? sfu.streams.size : sfu.peers.length,
    connections: attached.size,
    sockets: wss.clients.size + sockets.size,
    listeners: relay.listenerCount('sessionopen') + relay.listenerCount('sessionclose'),
    timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
  });

  // The connection to the SFU, which stays, and what belongs to it.
  for (const life of LIVES) await life(world);
  const idle = await settled(measure, () => true);
  const heapAtStart = heapMiB();
  let lives = 0;
  const start = performance.now();
  const elapsedMs = () => performance.now() - start;
  const live = async () => {
    while (elapsedMs() < durationMs) {
      await random.pick(LIVES)(world);
      lives += 1;
    }
  };
  const ended = Promise.all(Array.from({ length: clients }, live));
  const progress = setInterval(
    () => onProgress?.({ lives, elapsedMs: elapsedMs(), left: measure(), heapMiB: heapMiB() }),
    PROGRESS_EVERY_MS,
  );
  await ended;
  clearInterval(progress);
  const left = await settled(measure, ({ timers }) => timers <= idle.timers);
  left.timers = Math.max(0, left.timers - idle.timers);
  const heapAtEnd = heapMiB();
  const { joins } = relay.counters;
  await relay.close();
  wss.close();
  await closeServer(http);
  await sfu.stop();
  return {
    seed,
    lives,
    done,
    joins: joins.get('ok'),
    left,
    rejections,
    faults,
    heapMiB: { start: heapAtStart, end: heapAtEnd },
  };
}

function makeRelay(address: string, random: Random, faults: string[]): SfuRelay {
  const silent = () => {};
  const slowly = async () => {
    if (random.chance(0.5)) await sleep(random.below(15));
  };
  return new SfuRelay({
    sfu: { serverUrl: address, closeTimeoutMs: 300 },
    joinTimeoutMs: 700,
    expiryWarningMs: 50,
    resumption: { graceMs: 300 },
    authenticate: async ({ token = 'user-0' }: AuthRequest): Promise<Principal> => {
      await slowly();
      const [userId = '', lifeMs] = token.split('.');
      return { userId, ...(lifeMs && { expiresAt: Date.now() + Number(lifeMs) }) };
    },
    hooks: {
      onConnect: slowly,
      onJoin: slowly,
      onSignal: slowly,
      onMessage: slowly,
    },
    rateLimiter: rateLimits({ connection: { points: 1_000, durationMs: 1_000 }, address: false }),
    logger: {
      debug: silent,
      info: silent,
      warn: silent,
      error: (_, message) => void faults.push(String(message)),
    },
  });
}

/** Answers late, refuses, or says nothing at all. */
function misbehave(sfu: ScriptedSfu, random: Random): void {
  const { ion, script } = sfu;
  const late = async (act: () => void | Promise<void>) => {
    if (random.chance(0.6)) await sleep(random.below(25));
    await act();
  };
  script.onJoin = (stream, join) => {
    if (random.chance(0.02)) return;
    if (random.chance(0.02)) return stream.fail();
    return late(() => {
      if (stream.isOpen) return ion.onJoin(stream, join);
    });
  };
  script.onDescription = (stream, description) => {
    if (description.type === 'offer' && random.chance(0.02)) return;
    return late(() => {
      if (stream.isOpen) return ion.onDescription(stream, description);
    });
  };
  script.onHalfClose = (stream) => {
    if (random.chance(0.02)) return;
    return late(() => ion.onHalfClose(stream));
  };
}

/** Waits until nothing is left, and leaves to the report what has not come about. */
async function settled(measure: () => Left, timersAreOver: (left: Left) => boolean): Promise<Left> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const left = measure();
    const { timers: _, ...others } = left;
    const isOver = Object.values(others).every((count) => count === 0) && timersAreOver(left);
    if (isOver || performance.now() > deadline) return left;
    await sleep(50);
  }
}

function watchAttachments(relay: SfuRelay): Set<object> {
  const attached = new Set<object>();
  const attach = relay.attach.bind(relay);
  const detach = relay.detach.bind(relay);
  relay.attach = (attachment) => {
    attached.add(attachment);
    attach(attachment);
  };
  relay.detach = (attachment) => {
    attached.delete(attachment);
    detach(attachment);
  };
  return attached;
}

/** The sockets that are open, those of requests too. */
function watchSockets(server: Server): ReadonlySet<object> {
  const sockets = new Set<object>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

function heapMiB(): number {
  collectGarbage();
  return Math.round((process.memoryUsage().heapUsed / 1024 / 1024) * 10) / 10;
}
