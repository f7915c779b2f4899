import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { FakeTrack } from '../../src/testing/index.js';
import type { MakeMedia, PeerMedia } from './peer-media.js';

interface Message {
  id?: number | null;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { message: string; data: { code: string; retryable: boolean; closeCode?: number } };
}

interface Entry {
  url: string;
  room: string;
  user: string;
  role?: 'publisher' | 'subscriber';
  media: MakeMedia;
  /** Published, by names; the ids of the tracks begin with them. */
  tracks?: Record<string, FakeTrack['kind']>;
  capabilities?: readonly string[];
}

/** How a connection ended. */
interface Closed {
  code: number;
  /** The relay's last words. */
  error: { code: string; retryable: boolean } | undefined;
}

/** A client that does what the protocol asks of it: it answers the SFU's offers, and replaces its peer when it is told to. */
export class RoomClient {
  /** The notifications of the relay, with the time of their coming (performance.now()). */
  readonly heard: { method: string; params: Record<string, unknown>; at: number }[] = [];
  /** The tracks whose media has come, by the number of the peer that it came to. */
  readonly received: { peer: number; track: string; at: number }[] = [];
  /** Why rejoins were refused. */
  readonly refusals: string[] = [];
  readonly closed: Promise<Closed>;
  sessionId = '';
  /** The number of its peer on the SFU. */
  peer = 1;
  readonly #entry: Entry;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (message: Message) => void>();
  readonly #media = new Map<number, PeerMedia>();
  #lastPeer = 1;
  #lastId = 0;
  #lastError: Message['error'];

  private constructor(entry: Entry) {
    this.#entry = entry;
    this.#socket = new WebSocket(entry.url, ['sfu-relay.v1']);
    this.#socket.on('error', () => {});
    this.#socket.on('message', (data) => this.#receive(JSON.parse(data.toString())));
    this.closed = new Promise((resolve) => {
      this.#socket.once('close', (code) => {
        this.#endMedia();
        for (const settle of this.#waiting.values()) settle({ error: closedEarly(code) });
        resolve({ code, error: this.#lastError?.data });
      });
    });
  }

  /** Connects and joins. */
  static async join(entry: Entry): Promise<RoomClient> {
    const client = new RoomClient(entry);
    await new Promise((resolve) => client.#socket.once('open', resolve).once('close', resolve));
    await client.#join();
    return client;
  }

  get room(): string {
    return this.#entry.room;
  }

  get user(): string {
    return this.#entry.user;
  }

  /** Whether it was interrupted, and has no new peer yet. */
  get isInterrupted(): boolean {
    return this.heard.some(({ method, params }) => method === 'interrupted' && params.peer === this.peer);
  }

  /** The ids of its tracks, by their names. */
  get trackIds(): Record<string, string> {
    return Object.fromEntries(
      Object.keys(this.#entry.tracks ?? {}).map((name) => [name, this.#trackId(name)]),
    );
  }

  /** The tracks whose media has come to its current peer. */
  get tracks(): string[] {
    return this.received.filter(({ peer }) => peer === this.peer).map(({ track }) => track);
  }

  /** Those of a method, in the order in which they came. */
  notifications(method: string): Record<string, unknown>[] {
    return this.heard.filter((each) => each.method === method).map(({ params }) => params);
  }

  /** The longest time without a packet of any track that is received, in ms, since this was last asked. */
  async gap(): Promise<number> {
    const gaps = await this.#media.get(this.peer)?.gaps();
    return Math.max(0, ...Object.values(gaps ?? {}));
  }

  request(method: string, params: object = {}): Promise<Message> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      if (this.#socket.readyState === WebSocket.OPEN) this.#send({ id, method, params });
      else resolve({ error: closedEarly(0) });
    });
  }

  /** Replaces its peer, whether it was told to or not. */
  async rejoin(): Promise<Message> {
    const before = this.#describe(this.peer);
    this.#lastPeer += 1;
    const peer = this.#lastPeer;
    const media = await this.#makeMedia(peer);
    const names = Object.keys(this.#entry.tracks ?? {});
    const renamed = Object.fromEntries(
      names.map((name, index) => [before[index]?.trackId, this.#trackId(name, peer)]),
    );
    const reply = await this.request('rejoin', { peer, offer: { type: 'offer', sdp: media.sdp }, renamed });
    if (!reply.result) {
      this.#dropMedia(peer);
      this.refusals.push(`${reply.error?.data.code}: ${reply.error?.message}`);
      return reply;
    }
    const previous = this.peer;
    this.peer = peer;
    media.connect(String(reply.result.sdp));
    this.#dropMedia(previous);
    return reply;
  }

  async leave(): Promise<void> {
    this.#socket.close(1000);
    await this.closed;
  }

  async #join(): Promise<void> {
    const { room, user, role, capabilities = ['rejoin'] } = this.#entry;
    const media = await this.#makeMedia(1);
    const offer = { type: 'offer', sdp: media.sdp };
    const { result, error } = await this.request('join', { sid: room, uid: user, role, capabilities, offer });
    if (!result) {
      this.#socket.terminate();
      throw Object.assign(new Error(error?.message), { code: error?.data.code });
    }
    this.sessionId = String(result.sessionId);
    media.connect(String(result.sdp));
  }

  #receive(message: Message): void {
    const { id, method, params = {}, error } = message;
    if (typeof id === 'number') {
      this.#waiting.get(id)?.(message);
      this.#waiting.delete(id);
    }
    if (error?.data.closeCode) this.#lastError = error;
    if (method === undefined) return;
    this.heard.push({ method, params, at: performance.now() });
    const media = this.#media.get(Number(params.peer ?? 1));
    if (method === 'offer') media?.offer(String(params.sdp));
    else if (method === 'trickle') candidate(media, params);
    else if (method === 'rejoin' && params.peer === this.peer) void this.#rejoinAfter(Number(params.afterMs));
  }

  async #rejoinAfter(delayMs: number): Promise<void> {
    const { peer } = this;
    await sleep(delayMs);
    if (this.peer === peer) await this.rejoin();
  }

  #describe(peer: number): FakeTrack[] {
    return Object.entries(this.#entry.tracks ?? {}).map(([name, kind]) => ({
      kind,
      streamId: `stream-of-${wordOf(this.user)}`,
      trackId: this.#trackId(name, peer),
    }));
  }

  #trackId(name: string, peer = this.peer): string {
    return `${name}-${peer}-of-${wordOf(this.user)}`;
  }

  async #makeMedia(peer: number): Promise<PeerMedia> {
    const media = await this.#entry.media(this.#describe(peer), {
      answer: (sdp) => this.#send({ method: 'answer', params: { desc: { type: 'answer', sdp }, peer } }),
      received: (track) => this.received.push({ peer, track, at: performance.now() }),
    });
    this.#media.set(peer, media);
    return media;
  }

  #dropMedia(peer: number): void {
    this.#media.get(peer)?.close();
    this.#media.delete(peer);
  }

  #endMedia(): void {
    for (const peer of [...this.#media.keys()]) this.#dropMedia(peer);
  }

  #send(message: object): void {
    if (this.#socket.readyState === WebSocket.OPEN)
      this.#socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
  }
}

function candidate(media: PeerMedia | undefined, { target, candidate }: Record<string, unknown>): void {
  const text = (candidate as { candidate: string }).candidate;
  if (text !== '') media?.candidate(target as 0 | 1, text);
}

/** A token of SDP. */
function wordOf(text: string): string {
  return text.replaceAll(/\W+/g, '-');
}

function closedEarly(code: number): NonNullable<Message['error']> {
  return { message: `closed with ${code}`, data: { code: 'closed', retryable: true } };
}
