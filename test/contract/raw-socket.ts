import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { SUBPROTOCOL } from '../../src/protocol/messages.js';
import { until } from '../support/poll.js';
import { FrameReader, frame, OPCODE } from './raw-frames.js';

/** The request for a WebSocket, as bytes on the wire. */
export function handshake(): string {
  return [
    'GET /rtc HTTP/1.1',
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`,
    '\r\n',
  ].join('\r\n');
}

export interface RawMessage {
  id?: unknown;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { code: number; message: string; data?: { code: string } };
}

/**
 * A client made of TCP alone: it sends what it is told, whether that is WebSocket or not. Of itself it answers
 * nothing: no ping, no close frame, and not the end of the other side.
 */
export class RawSocket {
  /** Texts that came, as JSON. */
  readonly received: RawMessage[] = [];
  pongs = 0;
  /** The close frame that came. */
  closeFrame: { code: number; reason: string } | undefined;
  /** The other side sends no more: it has closed its end, or the connection broke. */
  hasEnded = false;
  readonly #socket: Socket;
  readonly #frames = new FrameReader();
  #head = '';
  #upgraded = false;
  #broken = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay();
    socket.on('data', (bytes) => this.#read(bytes));
    socket.on('end', () => {
      this.hasEnded = true;
    });
    socket.on('error', () => {
      this.#broken = true;
    });
    socket.on('close', () => {
      this.hasEnded = true;
      this.#broken = true;
    });
  }

  /** Connects by TCP, and says nothing yet. */
  static async connect(port: number): Promise<RawSocket> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawSocket(socket);
  }

  /** Connects and becomes a WebSocket. */
  static async open(port: number): Promise<RawSocket> {
    const raw = await RawSocket.connect(port);
    raw.write(handshake());
    await raw.upgraded();
    return raw;
  }

  async upgraded(): Promise<void> {
    await this.#until('the WebSocket is open', () => this.#upgraded);
  }

  /** Bytes as they are. */
  write(bytes: string | Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  /** Bytes that the other side has not taken yet. */
  get unsent(): number {
    return this.#socket.writableLength;
  }

  /** One text frame: a text as it is, or a value as JSON. */
  send(message: unknown): void {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    this.write(frame(OPCODE.text, Buffer.from(text)));
  }

  /** Sends a request and gives the response, whichever it is. */
  async request(id: string, method: string, params?: unknown): Promise<RawMessage> {
    this.send({ jsonrpc: '2.0', id, method, params });
    return this.next(`the answer to ${method}`, (message) => message.id === id);
  }

  /** The first message, past or to come, that fits. */
  async next(what: string, fits: (message: RawMessage) => boolean): Promise<RawMessage> {
    return this.#until(`${what} has come`, () => this.received.find(fits));
  }

  /** Reads nothing more. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Resolves when the other side has sent its last byte, and that was read. */
  async ended(): Promise<void> {
    await until('the other side sends no more', () => this.hasEnded, { intervalMs: 5 });
  }

  /** Resolves when the other side has forgotten this socket: what is sent to it comes back as a reset. */
  async forgotten(): Promise<void> {
    const poke = () => {
      this.write(frame(OPCODE.pong));
      return this.#broken;
    };
    await until('the socket is closed at the server', poke, { intervalMs: 20 });
  }

  /** Resolves when both sides have closed, where the other began: this one answers by FIN alone. */
  async leave(): Promise<void> {
    const over = () => this.closeFrame !== undefined || this.hasEnded;
    await until('the other side says goodbye', over, { timeoutMs: 10_000, intervalMs: 5 });
    this.#socket.end();
    await until('the socket is closed', () => this.#broken, { timeoutMs: 10_000, intervalMs: 5 });
  }

  /** Closes: by FIN, where all was read. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Breaks the connection by a reset. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  #read(bytes: Buffer): void {
    let rest = bytes;
    if (!this.#upgraded) {
      this.#head += bytes.toString('latin1');
      const end = this.#head.indexOf('\r\n\r\n');
      if (end < 0 || !this.#head.startsWith('HTTP/1.1 101 ')) return;
      this.#upgraded = true;
      rest = Buffer.from(this.#head.slice(end + 4), 'latin1');
    }
    for (const { opcode, payload } of this.#frames.read(rest)) {
      if (opcode === OPCODE.text) this.received.push(JSON.parse(payload.toString()));
      else if (opcode === OPCODE.pong) this.pongs += 1;
      else if (opcode === OPCODE.close)
        this.closeFrame = {
          code: payload.length < 2 ? 1005 : payload.readUInt16BE(0),
          reason: payload.toString('utf8', 2),
        };
    }
  }

  #until<T>(what: string, probe: () => T) {
    const orGone = () => {
      const value = probe();
      if (!value && this.hasEnded) throw new Error('the connection has ended');
      return value;
    };
    return until(what, orGone, { timeoutMs: 10_000, intervalMs: 5 });
  }
}
