import { expect, vi } from 'vitest';
import { IonSfu } from '../../src/sfu/ion/ion-sfu.js';
import { type ResolvedSfuOptions, resolveIonOptions } from '../../src/sfu/ion/options.js';
import { silentLogger } from '../../src/util/logger.js';
import { Heard, JOIN } from '../unit/grpc/http2/nodes.js';
import { soon } from '../unit/grpc/http2/raw-http2-server.js';
import type { Gate } from './gate.js';
import type { Wishes } from './servers.js';

export type ClientName = ResolvedSfuOptions['client'];

/** One case's relay side: a node, and its sessions. */
export class Scene {
  readonly gate: Gate;
  readonly warn = vi.fn<(fields: object, message: string) => void>();
  readonly node: IonSfu;

  constructor(gate: Gate, client: ClientName, options: Partial<ResolvedSfuOptions> = {}) {
    this.gate = gate;
    this.node = new IonSfu(
      { serverUrl: gate.address, ...resolveIonOptions({ client, probeOnStart: false }), ...options },
      { logger: { ...silentLogger, warn: this.warn }, probeTimeoutMs: 3_000 },
    );
  }

  /** A session that has joined. */
  async join(): Promise<Talk> {
    const heard = new Heard();
    const stream = await this.node.open(heard, new AbortController().signal);
    stream.join(JOIN);
    await soon('it has joined', () => heard.joins.length + heard.ends.length > 0);
    expect(heard.ends).toEqual([]);
    expect(heard.joins).toEqual(['v=0\r\n']);
    return new Talk(heard, stream);
  }

  joins(count: number): Promise<Talk[]> {
    return Promise.all(Array.from({ length: count }, () => this.join()));
  }
}

type Stream = Awaited<ReturnType<IonSfu['open']>>;
let count = 0;

/** A session, and what it hears. */
export class Talk {
  constructor(
    readonly heard: Heard,
    readonly stream: Stream,
  ) {}

  /** A message there and back. */
  async echo(): Promise<void> {
    const text = `{"candidate":"${++count}"}`;
    this.stream.candidate(0, text);
    await soon('it comes back', () => this.heard.candidates.includes(text) || this.heard.ends.length > 0);
    expect(this.heard.ends).toEqual([]);
  }

  async ended() {
    await soon('the session has ended', () => this.heard.ends.length > 0);
    return this.heard.ends[0];
  }

  async leave(): Promise<void> {
    this.stream.end();
    expect(await this.ended()).toBeUndefined();
  }
}

export interface Case {
  title: string;
  wishes?: Wishes;
  options?: Partial<ResolvedSfuOptions>;
  run(scene: Scene): Promise<void>;
}

const QUICK = { keepaliveTimeMs: 100, pingTimeoutMs: 500 };
const LOST = { code: 'ERR_RELAY_SFU_UNAVAILABLE' };

/** How many sessions stay: grpcio has a thread for each, and not more than 300. */
const MAX_TALKS = 50;

/** Joins sessions until connections have been left by their server, and others made. */
async function outlive(scene: Scene, connections: number): Promise<Talk[]> {
  const talks = await scene.joins(5);
  while (scene.gate.connections < connections) {
    const joined = await scene.joins(3);
    if (talks.length < MAX_TALKS) talks.push(...joined);
    else await Promise.all(joined.map((talk) => talk.leave()));
  }
  return talks;
}

export const CASES: Case[] = [
  {
    title: 'join, messages in both directions, leave',
    async run(scene) {
      const [one, other] = await scene.joins(2);
      await Promise.all([one?.echo(), other?.echo()]);
      await one?.leave();
      await other?.echo();
      await other?.leave();
      expect(scene.node.streamCount).toBe(0);
      await scene.node.probe(AbortSignal.timeout(5_000));
    },
  },
  {
    title: '200 sessions at once',
    async run(scene) {
      const talks = await scene.joins(200);
      await Promise.all(talks.map((talk) => talk.echo()));
      expect(scene.gate.connections).toBeLessThanOrEqual(4);
      await Promise.all(talks.map((talk) => talk.leave()));
    },
  },
  {
    title: '60 sessions at 10 streams a connection',
    wishes: { maxStreams: 10 },
    async run(scene) {
      const talks = await scene.joins(60);
      await Promise.all(talks.map((talk) => talk.echo()));
      expect(scene.gate.connections).toBeGreaterThanOrEqual(6);
    },
  },
  {
    title: 'messages of 3 MB through windows of 64 KiB',
    wishes: { window: 65_536 },
    async run(scene) {
      const talk = await scene.join();
      const sdp = 'long '.repeat(600_000);
      talk.stream.offer(sdp);
      await soon('it comes back', () => talk.heard.offers.length > 0);
      expect(talk.heard.offers[0] === sdp).toBe(true);
      await talk.echo();
    },
  },
  {
    title: 'sessions survive GOAWAYs, no join is lost',
    wishes: { leavesSoon: true },
    async run(scene) {
      const talks = await outlive(scene, 4);
      await Promise.all(talks.map((talk) => talk.echo()));
      expect(scene.node.streamCount).toBe(talks.length);
    },
  },
  {
    title: 'sessions survive the keep-alive after a GOAWAY',
    wishes: { leavesSoon: true },
    options: QUICK,
    async run(scene) {
      const talks = await outlive(scene, 2);
      for (let n = 0; n < 4; n += 1) {
        await new Promise((resolve) => setTimeout(resolve, QUICK.keepaliveTimeMs));
        await Promise.all(talks.map((talk) => talk.echo()));
      }
    },
  },
  {
    title: 'half-open connection: detected',
    options: QUICK,
    async run(scene) {
      const talks = await scene.joins(3);
      scene.gate.freeze();
      for (const talk of talks) expect(await talk.ended()).toMatchObject(LOST);
      await (await scene.join()).echo();
    },
  },
  {
    title: 'half-open connection after a GOAWAY: detected',
    wishes: { leavesSoon: true },
    options: QUICK,
    async run(scene) {
      const talks = await outlive(scene, 2);
      scene.gate.freeze();
      for (const talk of talks) expect(await talk.ended()).toMatchObject(LOST);
      await (await scene.join()).echo();
    },
  },
  {
    title: 'a lost connection ends its sessions, and the next join works',
    async run(scene) {
      const talks = await scene.joins(3);
      scene.gate.cut();
      for (const talk of talks) expect(await talk.ended()).toMatchObject(LOST);
      await (await scene.join()).echo();
    },
  },
  {
    title: 'unrequested gzip',
    wishes: { gzip: true },
    async run(scene) {
      const talk = await scene.join();
      await talk.echo();
      await talk.leave();
    },
  },
  {
    title: '70 KB of header fields end only their own session',
    async run(scene) {
      const [one, other] = await scene.joins(2);
      one?.stream.candidate(0, 'headers 70');
      await one?.ended();
      await other?.echo();
    },
  },
  {
    title: 'gRPC status and message are reported',
    async run(scene) {
      const talk = await scene.join();
      talk.stream.candidate(0, 'end 9');
      expect(await talk.ended()).toMatchObject({
        code: 'ERR_RELAY_SFU_STREAM_ENDED',
        cause: { message: 'gRPC FAILED_PRECONDITION: as wished: ä' },
      });
    },
  },
  {
    title: 'metadata from a function, and an authority',
    options: { metadata: async () => ({ authorization: 'Bearer abc' }), authority: 'sfu.example.com' },
    async run(scene) {
      const talk = await scene.join();
      talk.stream.candidate(0, 'metadata');
      await soon('it comes back', () => talk.heard.candidates.includes('Bearer abc'));
    },
  },
  {
    title: 'too_many_pings: fewer pings afterwards',
    wishes: { hatesPings: true },
    options: QUICK,
    async run(scene) {
      const talk = await scene.join();
      expect(await talk.ended()).toMatchObject(LOST);
      await soon('the operator is told', () =>
        scene.warn.mock.calls.some(([, message]) => message.includes('too_many_pings')),
      );
      await (await scene.join()).echo();
    },
  },
];
