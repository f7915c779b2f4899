import { once } from 'node:events';
import { type AddressInfo, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { until } from '../../../support/poll.js';
import { Flag, type Frame, FrameReader, FrameType, PREFACE, ping, settings, settingsAck } from './frames.js';

/** A server that says on its connections what a test wants, be it HTTP/2 or not. */
export class RawHttp2Server {
  readonly peers: RawPeer[] = [];
  /** Sees each connection as it comes. */
  onPeer: (peer: RawPeer) => void = () => {};
  readonly #server: Server;
  #taken = 0;

  static async listen(
    tls?: TlsOptions,
    where: ListenOptions = { host: '127.0.0.1', port: 0 },
  ): Promise<RawHttp2Server> {
    const server = tls ? createTlsServer(tls) : createServer();
    const raw = new RawHttp2Server(server);
    server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
      const peer = new RawPeer(socket);
      raw.peers.push(peer);
      raw.onPeer(peer);
    });
    // A client that leaves in the middle of a TLS handshake is no news.
    server.on('tlsClientError', () => {});
    server.listen(where);
    await once(server, 'listening');
    return raw;
  }

  private constructor(server: Server) {
    this.#server = server;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The next connection. */
  async accept(): Promise<RawPeer> {
    const at = this.#taken++;
    return soon('a client connects', () => this.peers[at]);
  }

  async close(): Promise<void> {
    for (const peer of this.peers) peer.destroy();
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }
}

/** One connection, by hand: only the client's SETTINGS are acknowledged without being asked, once it is greeted. */
export class RawPeer {
  /** All that the client has sent, after its preface. */
  readonly frames: Frame[] = [];
  preface = Buffer.alloc(0);
  /** The client has closed its side, or the connection is gone. */
  closed = false;
  /** Brings bytes on their way; a test may keep or cut them. */
  transmit: (bytes: Buffer) => void = (bytes) => {
    if (this.socket.writable) this.socket.write(bytes);
  };
  /** Sees each frame as it comes. */
  onFrame: (frame: Frame) => void = () => {};
  readonly socket: Socket;
  readonly #reader = new FrameReader();
  #isGreeted = false;
  #pings = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay();
    socket.on('data', (bytes) => this.#read(bytes));
    socket.on('error', () => {});
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.closed = true;
      });
    }
  }

  /** Says the first word that the client waits for. */
  greet(values: Parameters<typeof settings>[0] = {}): void {
    this.send(settings(values));
    this.#isGreeted = true;
    for (const frame of this.of(FrameType.SETTINGS)) this.#acknowledge(frame);
  }

  send(...bytes: Uint8Array[]): void {
    this.transmit(Buffer.concat(bytes));
  }

  /** Sends pieces, each of which the client can read by itself. */
  async sendApart(pieces: readonly Uint8Array[]): Promise<void> {
    for (const piece of pieces) {
      this.send(piece);
      await turn();
    }
  }

  of(type: number, streamId?: number): Frame[] {
    return this.frames.filter((frame) => frame.type === type && streamId === (streamId && frame.streamId));
  }

  framesOf(streamId: number): Frame[] {
    return this.frames.filter((frame) => frame.streamId === streamId);
  }

  /** What the client has said on a stream. */
  bytesOf(streamId: number): Buffer {
    return Buffer.concat(this.of(FrameType.DATA, streamId).map(({ payload }) => payload));
  }

  /** The ids of so many streams that the client opens, in their order. */
  async streams(count: number): Promise<number[]> {
    const opened = await soon(`${count} streams are open`, () => {
      const ids = this.of(FrameType.HEADERS).map(({ streamId }) => streamId);
      return ids.length >= count ? ids : undefined;
    });
    return opened.slice(0, count);
  }

  async stream(): Promise<number> {
    const [id] = await this.streams(1);
    return id ?? 0;
  }

  /** The first frame of a kind, which has come or will. */
  async frame(type: number, matches: (frame: Frame) => boolean = () => true): Promise<Frame> {
    return soon(`a frame of type ${type} comes`, () =>
      this.frames.find((one) => one.type === type && matches(one)),
    );
  }

  /** The code that the client resets a stream with. */
  async resetOf(streamId: number): Promise<number> {
    const { payload } = await this.frame(FrameType.RST_STREAM, (one) => one.streamId === streamId);
    return payload.readUInt32BE(0);
  }

  /** The code that the client leaves with. */
  async goAwayCode(): Promise<number> {
    const { payload } = await this.frame(FrameType.GOAWAY);
    return payload.readUInt32BE(4);
  }

  /** Waits until the client has done all that it was told before, and will do no more by itself. */
  async settled(): Promise<void> {
    for (let round = 0; round < 2; round += 1) {
      this.#pings += 1;
      const payload = String(this.#pings).padStart(8, 'p');
      this.send(ping(payload));
      await this.frame(FrameType.PING, (one) => one.payload.toString() === payload);
    }
  }

  async gone(): Promise<void> {
    await soon('the client closes the connection', () => this.closed);
  }

  destroy(): void {
    this.socket.destroy();
  }

  #read(bytes: Buffer): void {
    let rest = bytes;
    if (this.preface.length < PREFACE.length) {
      const missing = PREFACE.length - this.preface.length;
      this.preface = Buffer.concat([this.preface, bytes.subarray(0, missing)]);
      rest = bytes.subarray(missing);
    }
    for (const frame of this.#reader.read(rest)) {
      this.frames.push(frame);
      if (frame.type === FrameType.SETTINGS && this.#isGreeted) this.#acknowledge(frame);
      this.onFrame(frame);
    }
  }

  #acknowledge({ flags }: Frame): void {
    if ((flags & Flag.ACK) === 0) this.send(settingsAck);
  }
}

/** `until`, for what is only a few turns of the event loop away. */
export function soon<T>(description: string, probe: () => T, timeoutMs = 15_000) {
  return until(description, probe, { timeoutMs, intervalMs: 2 });
}
