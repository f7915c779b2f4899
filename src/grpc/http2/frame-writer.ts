import type { Socket } from 'node:net';
import { Flag, FRAME_HEADER_BYTES, FrameType, MAX_FRAME_BYTES } from './frames.js';

/** Large enough for any frame, and for the frames of many sessions in one turn of the event loop. */
const BUFFER_BYTES = 2 * (FRAME_HEADER_BYTES + MAX_FRAME_BYTES);
/** The maximum of unsent bytes in the socket; further messages wait in their calls. */
const FULL_BYTES = 64 * 1024;
const NO_BYTES = new Uint8Array();

/**
 * Writes frames. The frames of all sessions in one turn of the event loop are written to the socket by one system call.
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

  /** `onRoom` is called when the writer is no longer full. */
  constructor(socket: Socket, onRoom: () => void) {
    this.#socket = socket;
    socket.on('drain', () => {
      this.#isFull = false;
      onRoom();
    });
  }

  /** The server does not read: messages have to wait. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Bytes that the operating system has not accepted. */
  get unsent(): number {
    return this.#socket.writableLength;
  }

  /** Writes the connection preface. */
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

  /** Writes a frame whose content is one 32-bit number. */
  number(type: number, streamId: number, value: number): void {
    const at = this.#header(4, type, 0, streamId);
    this.#buffer.writeUInt32BE(value, at);
  }

  flush(): void {
    const frames = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    if (frames.length === 0 || this.#socket.destroyed) return;
    // Bytes that wait in the socket are copied, so that a few bytes do not keep a whole buffer.
    const mustWait = this.#socket.writableLength > 0;
    this.#socket.write(mustWait ? Buffer.from(frames) : frames);
    const { writableLength } = this.#socket;
    // The socket still needs this buffer for the bytes that it has not written.
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
