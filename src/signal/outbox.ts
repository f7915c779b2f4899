import { RelayError } from '../errors.js';
import type { RelaySocket } from './socket.js';

/** The longest header of a frame from server to client (RFC 6455 § 5.2). */
const FRAME_HEADER_BYTES = 10;

interface Setup {
  maxBufferedBytes: number;
  slowConsumerTimeoutMs: number;
  /** The client does not read, or the socket can't be written to; told once. */
  onFailure(error: unknown): void;
}

/**
 * What goes out to one client, and how much of it waits. The socket keeps what the network does not take; this holds
 * it under a ceiling, in bytes and in time.
 */
export class Outbox {
  readonly #socket: RelaySocket;
  readonly #setup: Setup;
  /** Bytes handed to the socket, headers counted at their longest: no byte seems to wait that does not. */
  #handedOver = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(socket: RelaySocket, setup: Setup) {
    this.#socket = socket;
    this.#setup = setup;
  }

  /**
   * Sends it now. What may be dropped is, as soon as the client is behind by a quarter of what it may be. `bytes`: of
   * the text, where they are counted already.
   */
  send(text: string, mayDrop = false, bytes = Buffer.byteLength(text)): void {
    if (this.#stopped) return;
    const { maxBufferedBytes } = this.#setup;
    // Nothing did after the last one, where it is not watched.
    const waiting = this.#timer ? this.#socket.bufferedAmount : 0;
    if (mayDrop && waiting > maxBufferedBytes / 4) return;
    // A message larger than all that may wait goes out alone.
    if (waiting > 0 && waiting + bytes > maxBufferedBytes) {
      this.#fail(slowConsumer());
      return;
    }
    try {
      this.#socket.send(text);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#handedOver += bytes + FRAME_HEADER_BYTES;
    if (!this.#timer && this.#socket.bufferedAmount > 0) this.#watch();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** The newest byte handed over until now has to be on the network by then. */
  #watch(): void {
    const newest = this.#handedOver;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const waiting = this.#socket.bufferedAmount;
      if (this.#handedOver - waiting < newest) this.#fail(slowConsumer());
      else if (waiting > 0) this.#watch();
    }, this.#setup.slowConsumerTimeoutMs);
  }

  #fail(error: unknown): void {
    this.stop();
    this.#setup.onFailure(error);
  }
}

function slowConsumer(): RelayError {
  return new RelayError('ERR_RELAY_SLOW_CONSUMER', 'The client does not read what it is sent.');
}
