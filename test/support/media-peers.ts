import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import { buildGo } from './ion.js';

/** Packets that a publisher sends. */
export interface MediaStream {
  ssrc: number;
  payloadType: number;
  kind: 'audio' | 'video';
  /** OPUS, VP8, VP9 or H264. */
  codec: string;
  /** Header extensions, by their ids. */
  extensions: { id: number; value: string }[];
}

export interface Transport {
  ufrag: string;
  pwd: string;
  /** By the algorithm. */
  fingerprints: Record<string, string>;
}

interface PeerEvent extends Partial<Transport> {
  event: 'transport' | 'answer' | 'media' | 'gaps' | 'connected' | 'error';
  id: string;
  sdp?: string;
  track?: string;
  message?: string;
  gaps?: Record<string, number>;
}

/** Peers with media, in a process of pion's (test/ion/server/media-peers). */
export class MediaPeers {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #events = new EventEmitter().setMaxListeners(0);
  #count = 0;

  private constructor(binary: string) {
    this.#process = spawn(binary, { stdio: 'pipe' });
    this.#process.stderr.resume();
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      const event: PeerEvent = JSON.parse(line);
      this.#events.emit(event.id, event);
    });
  }

  static async start(): Promise<MediaPeers> {
    return new MediaPeers(await buildGo('media-peers'));
  }

  /** One that sends what it is told to. `credentials` in the place of its own. */
  async publisher(credentials: Partial<Pick<Transport, 'ufrag' | 'pwd'>> = {}): Promise<MediaPublisher> {
    const id = `publisher ${++this.#count}`;
    const told = once(this.#events, id);
    this.send({ op: 'publisher', id, ...credentials });
    const [event] = (await told) as [PeerEvent];
    if (event.event !== 'transport') throw new Error(event.message);
    return new MediaPublisher(this, id, event as unknown as Transport);
  }

  /** One that receives; `onAnswer` gets its answers, and `onTrack` the tracks whose packets come. */
  viewer(onAnswer: (sdp: string) => void, onTrack: (track: string) => void): MediaViewer {
    const id = `viewer ${++this.#count}`;
    const viewer = new MediaViewer(this, id);
    this.#events.on(id, ({ event, sdp, track, gaps }: PeerEvent) => {
      if (event === 'answer' && sdp !== undefined) onAnswer(sdp);
      else if (event === 'media' && track !== undefined) onTrack(track);
      else if (event === 'gaps') viewer.onGaps(gaps ?? {});
    });
    this.send({ op: 'viewer', id });
    return viewer;
  }

  send(command: { op: string; id: string } & Record<string, unknown>): void {
    this.#process.stdin.write(`${JSON.stringify(command)}\n`);
  }

  forget(id: string): void {
    this.#events.removeAllListeners(id);
    this.send({ op: 'close', id });
  }

  stop(): void {
    this.#process.kill();
  }
}

export class MediaPublisher {
  readonly transport: Transport;
  readonly #peers: MediaPeers;
  readonly #id: string;

  constructor(peers: MediaPeers, id: string, transport: Transport) {
    this.#peers = peers;
    this.#id = id;
    this.transport = transport;
  }

  /** Connects to the SFU by its answer, and sends. */
  connect(answer: string, streams: MediaStream[]): void {
    const [, ufrag] = /^a=ice-ufrag:(\S+)/m.exec(answer) ?? [];
    const [, pwd] = /^a=ice-pwd:(\S+)/m.exec(answer) ?? [];
    // It is the other one that begins the handshake.
    const isClient = /^a=setup:passive/m.test(answer);
    this.#peers.send({ op: 'connect', id: this.#id, ufrag, pwd, isClient, streams });
  }

  candidate(candidate: string): void {
    this.#peers.send({ op: 'candidate', id: this.#id, candidate });
  }

  close(): void {
    this.#peers.forget(this.#id);
  }
}

export class MediaViewer {
  readonly #peers: MediaPeers;
  readonly #id: string;
  /** @internal */
  onGaps: (gaps: Record<string, number>) => void = () => {};

  constructor(peers: MediaPeers, id: string) {
    this.#peers = peers;
    this.#id = id;
  }

  offer(sdp: string): void {
    this.#peers.send({ op: 'offer', id: this.#id, sdp });
  }

  candidate(candidate: string): void {
    this.#peers.send({ op: 'candidate', id: this.#id, candidate });
  }

  /** The longest time without a packet of each track that is received, in ms, since this was last asked. */
  gaps(): Promise<Record<string, number>> {
    return new Promise((resolve) => {
      this.onGaps = resolve;
      this.#peers.send({ op: 'gaps', id: this.#id });
    });
  }

  close(): void {
    this.#peers.forget(this.#id);
  }
}
