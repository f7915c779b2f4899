import { RelayError } from '../../protocol/errors.js';
import { Deadline } from '../../util/deadline.js';
import type { RelaySocket } from './socket.js';
import { keepForTurn, NO_BATCH, takeFromTurn } from './tick-batch.js';

/** The longest header of a frame from server to client (RFC 6455 § 5.2). */
const FRAME_HEADER_BYTES = 10;

interface Limits {
  maxBufferedBytes: number;
  slowConsumerTimeoutMs: number;
}

/** Characters that wait for the end of a turn; uWebSockets.js writes by pieces of 16 KiB. */
const MAX_TURN_LENGTH = 16 * 1024;

/**
 * What goes out to one client, and how much of it waits. The socket keeps what the network does not take; this holds
 * it under a ceiling, in bytes and in time. Messages of one turn, such as those that follow upon a join, go out by one
 * write, which costs most of what a message does.
 */
export class SendBuffer {
  readonly #socket: RelaySocket;
  readonly #limits: Limits;
  readonly #onFailure: (error: unknown) => void;
  /** Bytes handed to the socket, headers counted at their longest: no byte seems to wait that does not. */
  #handedOver = 0;
  /** What is to be sent at the end of this turn. */
  #batch = NO_BATCH;
  #turnLength = 0;
  /** Bytes of the longest message that is longer than all that may wait: such a one goes out alone. */
  #largest = 0;
  #timer: Deadline | undefined;
  #stopped = false;

  /** `onFailure`: the client does not read, or the socket can't be written to; told once. */
  constructor(socket: RelaySocket, limits: Limits, onFailure: (error: unknown) => void) {
    this.#socket = socket;
    this.#limits = limits;
    this.#onFailure = onFailure;
  }

  /**
   * Sends it in this turn. What may be dropped is, as soon as the client is behind by a quarter of what it may be.
   * `bytes`: of the text, where they are counted already. False where it will not go out.
   */
  send(text: string, mayDrop = false, bytes = Buffer.byteLength(text)): boolean {
    if (this.#stopped) return false;
    if (bytes > this.#limits.maxBufferedBytes) this.#largest = Math.max(this.#largest, bytes);
    // Nothing waits after the last one, where it is not watched.
    if (this.#timer && !this.#mayWait(bytes, mayDrop)) return false;
    this.#handedOver += bytes + FRAME_HEADER_BYTES;
    this.#turnLength += text.length;
    this.#batch = keepForTurn(this, text, this.#batch);
    if (this.#timer || this.#turnLength > MAX_TURN_LENGTH) this.endTurn();
    return true;
  }

  /** Hands the turn's messages to the socket. Nothing is thrown: other clients' turns end after this one. */
  endTurn(): void {
    if (this.#batch === NO_BATCH || this.#stopped) return;
    const texts = takeFromTurn(this, this.#batch);
    this.#batch = NO_BATCH;
    this.#turnLength = 0;
    try {
      this.#sendAll(texts);
      if (!this.#timer && this.#socket.bufferedAmount > 0) this.#watch();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The most that this lets wait: a turn's messages are handed over before it is known what waits. */
  get #maxBacklog(): number {
    return this.#limits.maxBufferedBytes + this.#largest + 2 * MAX_TURN_LENGTH;
  }

  #sendAll(texts: readonly string[]): void {
    const socket = this.#socket;
    if (texts.length === 1 || !socket.cork) {
      for (const text of texts) socket.send(text);
      return;
    }
    let failure: { error: unknown } | undefined;
    socket.cork(() => {
      // Not through the socket's own code, which may have no way for it.
      try {
        for (const text of texts) socket.send(text);
      } catch (error) {
        failure = { error };
      }
    });
    if (failure) throw failure.error;
  }

  /**
   * Whether more waits than may: it holds for what the socket sends by itself, too, such as pongs. The client fails where
   * it does not read them.
   */
  check(): void {
    if (!this.#stopped && this.#socket.bufferedAmount > this.#maxBacklog) this.#fail(slowConsumer());
  }

  /** Sends nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Whether a message may join those that wait; the client fails where it must and can't. */
  #mayWait(bytes: number, mayDrop: boolean): boolean {
    const { maxBufferedBytes } = this.#limits;
    const waiting = this.#socket.bufferedAmount;
    if (mayDrop && waiting > maxBufferedBytes / 4) return false;
    // A message larger than all that may wait goes out alone.
    if (waiting === 0 || waiting + bytes <= maxBufferedBytes) return true;
    this.#fail(slowConsumer());
    return false;
  }

  /** The newest byte handed over until now has to be on the network by then. */
  #watch(): void {
    const newest = this.#handedOver;
    this.#timer = new Deadline(() => {
      this.#timer = undefined;
      const waiting = this.#socket.bufferedAmount;
      if (this.#handedOver - waiting < newest) this.#fail(slowConsumer());
      else if (waiting > 0) this.#watch();
    }, this.#limits.slowConsumerTimeoutMs);
  }

  #fail(error: unknown): void {
    this.stop();
    try {
      this.#onFailure(error);
    } catch {
      // A socket that can't even be ended: its close is all that is left to wait for.
    }
  }
}

function slowConsumer(): RelayError {
  return new RelayError('ERR_RELAY_SLOW_CONSUMER', 'The client does not read what it is sent.');
}
