import type { Socket } from 'node:net';
import { Flag, FRAME_HEADER_BYTES, FrameType, MAX_FRAME_BYTES } from './frames.js';

/** Room for a frame of any length, and for what many sessions send in one turn of the event loop. */
const BUFFER_BYTES = 2 * (FRAME_HEADER_BYTES + MAX_FRAME_BYTES);
/** With so much waiting in the socket, no more messages are put there. */
const FULL_BYTES = 64 * 1024;
const NO_BYTES = new Uint8Array();

/**
 * Writes frames. Those of one turn of the event loop, of all the sessions of a connection, go to the socket by one
 * system call.
 */
export class FrameWriter {
  readonly #socket: Socket;
  #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #used = 0;
  #isScheduled = false;
  #isFull = false;
  readonly #flushScheduled = () => {
    this.#isScheduled = false;
    this.flush();
  };

  /** `onRoom` is called when it is full no more. */
  constructor(socket: Socket, onRoom: () => void) {
    this.#socket = socket;
    socket.on('drain', () => {
      this.#isFull = false;
      onRoom();
    });
  }

  /** The other side does not read: messages have to wait. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Bytes that the operating system has not taken. */
  get unsent(): number {
    return this.#socket.writableLength;
  }

  /** What comes before the first frame. */
  raw(bytes: Buffer): void {
    bytes.copy(this.#buffer, this.#reserve(bytes.length));
  }

  frame(type: number, flags: number, streamId: number, content: Uint8Array = NO_BYTES): void {
    const at = this.#header(content.length, type, flags, streamId);
    this.#buffer.set(content, at);
  }

  data(streamId: number, bytes: Buffer, start: number, end: number): void {
    const at = this.#header(end - start, FrameType.DATA, 0, streamId);
    bytes.copy(this.#buffer, at, start, end);
  }

  endStream(streamId: number): void {
    this.#header(0, FrameType.DATA, Flag.END_STREAM, streamId);
  }

  /** A frame whose content is one number of 32 bits. */
  number(type: number, streamId: number, value: number): void {
    const at = this.#header(4, type, 0, streamId);
    this.#buffer.writeUInt32BE(value, at);
  }

  flush(): void {
    const frames = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    if (frames.length === 0 || this.#socket.destroyed) return;
    // Behind others they wait for sure, and a few bytes must not hold a whole buffer.
    const mustWait = this.#socket.writableLength > 0;
    this.#socket.write(mustWait ? Buffer.from(frames) : frames);
    const { writableLength } = this.#socket;
    // What the operating system did not take at once still lies in this buffer.
    if (!mustWait && writableLength > 0) this.#buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
    this.#isFull = writableLength > FULL_BYTES;
  }

  #header(length: number, type: number, flags: number, streamId: number): number {
    const at = this.#reserve(FRAME_HEADER_BYTES + length);
    const buffer = this.#buffer;
    buffer[at] = length >>> 16;
    buffer[at + 1] = length >>> 8;
    buffer[at + 2] = length;
    buffer[at + 3] = type;
    buffer[at + 4] = flags;
    buffer.writeUInt32BE(streamId, at + 5);
    return at + FRAME_HEADER_BYTES;
  }

  #reserve(bytes: number): number {
    if (this.#used + bytes > BUFFER_BYTES) this.flush();
    const at = this.#used;
    this.#used = at + bytes;
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(this.#flushScheduled);
    }
    return at;
  }
}
