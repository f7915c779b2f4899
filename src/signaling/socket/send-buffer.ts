import { RelayError } from '../../protocol/errors.js';
import { Deadline } from '../../util/deadline.js';
import type { RelaySocket } from './socket.js';
import { addToTick, NO_BATCH, takeFromTick } from './tick-batch.js';

/** The longest header of a frame from server to client (RFC 6455 § 5.2). */
const FRAME_HEADER_BYTES = 10;

interface SendLimits {
  maxBufferedBytes: number;
  slowConsumerTimeoutMs: number;
}

/** Characters that are kept until the tick ends; uWebSockets.js writes in pieces of 16 KiB. */
const MAX_BATCH_LENGTH = 16 * 1024;

/**
 * Sends texts to one client, and bounds in bytes and in time what its socket buffers. The messages of one tick, such as
 * those that follow a join, leave by a single write: the write is most of what a message costs.
 */
export class SendBuffer {
  readonly #socket: RelaySocket;
  readonly #limits: SendLimits;
  readonly #onFailure: (error: unknown) => void;
  /** Bytes handed to the socket, each frame header at its longest, so that sent bytes never count as buffered. */
  #handedOver = 0;
  /** The number of this tick's batch. */
  #batch = NO_BATCH;
  #batchLength = 0;
  /** Bytes of the longest message so far that exceeds `maxBufferedBytes`: such a message is sent alone. */
  #largest = 0;
  /** Bytes by which the last texts that were sent together may exceed `maxBufferedBytes`, until they have left. */
  #allowance = 0;
  /** While texts are sent together: their bytes so far. */
  #together: number | undefined;
  #timer: Deadline | undefined;
  #stopped = false;

  /** `onFailure` is called once: the client does not read, or the socket cannot be written to. */
  constructor(socket: RelaySocket, limits: SendLimits, onFailure: (error: unknown) => void) {
    this.#socket = socket;
    this.#limits = limits;
    this.#onFailure = onFailure;
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  /**
   * Sends a text in this tick. A message that may be dropped is dropped once a quarter of `maxBufferedBytes` is buffered.
   * @param bytes length of the text, if the caller has counted it
   * @returns false if the text will not be sent
   */
  send(text: string, mayDrop = false, bytes = Buffer.byteLength(text)): boolean {
    if (this.#stopped) return false;
    if (bytes > this.#limits.maxBufferedBytes) this.#largest = Math.max(this.#largest, bytes);
    // Without a timer the socket's buffer was empty after the last write.
    // Of texts that are sent together only the first one needs room.
    if (this.#timer && !this.#together && !this.#hasRoomFor(bytes, mayDrop)) return false;
    if (this.#together !== undefined) this.#together += bytes;
    this.#handedOver += bytes + FRAME_HEADER_BYTES;
    this.#batchLength += text.length;
    this.#batch = addToTick(this, text, this.#batch);
    if (this.#timer || this.#batchLength > MAX_BATCH_LENGTH) this.flush();
    return true;
  }

  /** The texts that `send` sends are bounded as one: together they may exceed `maxBufferedBytes`. */
  together(send: () => void): void {
    if (this.#together !== undefined) {
      send();
      return;
    }
    this.#together = 0;
    try {
      send();
    } finally {
      this.#allowance = Math.max(this.#allowance, this.#together);
      this.#together = undefined;
    }
  }

  /** Hands this tick's texts to the socket. Never throws: the batches of other clients follow in the same tick. */
  flush(): void {
    if (this.#batch === NO_BATCH || this.#stopped) return;
    const texts = takeFromTick(this, this.#batch);
    this.#batch = NO_BATCH;
    this.#batchLength = 0;
    try {
      this.#sendAll(texts);
      if (!this.#timer && this.#socket.bufferedAmount > 0) this.#watch();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The most that may be buffered: a batch is handed over before the buffered amount is known. */
  get #maxBacklog(): number {
    const { maxBufferedBytes } = this.#limits;
    return maxBufferedBytes + Math.max(this.#largest, this.#allowance) + 2 * MAX_BATCH_LENGTH;
  }

  #sendAll(texts: string | readonly string[]): void {
    const socket = this.#socket;
    if (typeof texts === 'string') {
      socket.send(texts);
      return;
    }
    if (!socket.cork) {
      for (const text of texts) socket.send(text);
      return;
    }
    let failure: { error: unknown } | undefined;
    socket.cork(() => {
      // A transport's own code, which may be native, need not pass an error on.
      try {
        for (const text of texts) socket.send(text);
      } catch (error) {
        failure = { error };
      }
    });
    if (failure) throw failure.error;
  }

  /** Fails the client if it leaves too much unread, including what the socket sends by itself, such as pongs. */
  check(): void {
    if (!this.#stopped && this.#socket.bufferedAmount > this.#maxBacklog) this.#fail(slowConsumer());
  }

  /** Sends nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Whether a message may be buffered; fails the client if the message may not be dropped either. */
  #hasRoomFor(bytes: number, mayDrop: boolean): boolean {
    const { maxBufferedBytes } = this.#limits;
    const buffered = this.#socket.bufferedAmount;
    if (buffered <= maxBufferedBytes) this.#allowance = 0;
    const allowance = this.#together === undefined ? this.#allowance : 0;
    if (mayDrop && buffered > maxBufferedBytes / 4) return false;
    // A message larger than the limit is sent alone.
    if (buffered === 0 || buffered + bytes <= maxBufferedBytes + allowance) return true;
    this.#fail(slowConsumer());
    return false;
  }

  /** Fails the client unless the newest byte handed over so far leaves the socket in time. */
  #watch(): void {
    const newest = this.#handedOver;
    this.#timer = new Deadline(() => {
      this.#timer = undefined;
      const buffered = this.#socket.bufferedAmount;
      if (this.#handedOver - buffered < newest) this.#fail(slowConsumer());
      else if (buffered > 0) this.#watch();
    }, this.#limits.slowConsumerTimeoutMs);
  }

  #fail(error: unknown): void {
    this.stop();
    try {
      this.#onFailure(error);
    } catch {
      // The socket cannot even be terminated; its `closed` is still to come.
    }
  }
}

export function slowConsumer(): RelayError {
  return new RelayError('ERR_RELAY_SLOW_CONSUMER', 'The client does not read what it is sent.');
}
