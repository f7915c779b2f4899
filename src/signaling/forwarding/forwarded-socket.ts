import { SUBPROTOCOL } from '../../protocol/messages.js';
import { Deadline } from '../../util/deadline.js';
import type { ConnectionHandle, RelaySocket } from '../socket/socket.js';
import type { ForwardedFrames } from './forwarded-frames.js';

/** ms until a read is answered, if there is nothing to send. */
const QUIET_MS = 5_000;
/** ms without a read after which the other process, or its connection, is gone. */
const SILENCE_MS = 10_000;
/** The close code of a connection without a close frame (RFC 6455 § 7.4.1). */
const NO_CLOSE_FRAME = 1006;

/** A WebSocket that another process has: it reads what is sent, piece by piece, as fast as its client. */
export class ForwardedSocket implements RelaySocket {
  readonly protocol = SUBPROTOCOL;
  /** Takes the events of the socket. */
  handle: ConnectionHandle | undefined;
  readonly #onOver: () => void;
  #texts: string[] = [];
  #bytes = 0;
  #close: ForwardedFrames['close'];
  #wake = () => {};
  #silence: Deadline;
  #isOver = false;

  constructor(onOver: () => void) {
    this.#onOver = onOver;
    this.#silence = this.#awaitRead();
  }

  get bufferedAmount(): number {
    return this.#bytes;
  }

  send(text: string): void {
    this.#texts.push(text);
    this.#bytes += Buffer.byteLength(text);
    this.#wake();
  }

  /** The other process watches its client, and this one the other process. */
  ping(): void {
    setImmediate(() => this.handle?.pong());
  }

  close(code: number, reason: string): void {
    this.#close = { code, reason };
    this.#wake();
  }

  terminate(): void {
    this.closed(NO_CLOSE_FRAME);
  }

  /** Resolves with what was sent, as soon as there is something. */
  async read(): Promise<ForwardedFrames> {
    this.#silence.cancel();
    if (this.#texts.length === 0 && !this.#close && !this.#isOver) await this.#pause();
    const texts = this.#texts;
    this.#texts = [];
    this.#bytes = 0;
    const close = this.#close;
    if (close) this.closed(close.code);
    else if (!this.#isOver) this.#silence = this.#awaitRead();
    return { texts, ...(close && { close }) };
  }

  /** The connection is over; later calls have no effect. */
  closed(code: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#silence.cancel();
    this.#onOver();
    this.#wake();
    // Not in the turn in which the connection closes the socket.
    setImmediate(() => this.handle?.closed(code));
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, QUIET_MS);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = () => {};
        resolve();
      };
    });
  }

  #awaitRead(): Deadline {
    return new Deadline(() => this.terminate(), SILENCE_MS);
  }
}
