import type { FrameWriter } from './frame-writer.js';
import { ConnectionError, DEFAULT_WINDOW_BYTES, ErrorCode, MAX_31_BITS, MAX_FRAME_BYTES } from './frames.js';

/** A call as far as its window goes. */
export interface FlowControlled {
  readonly id: number;
  /** Bytes that the other side takes of it; negative after a smaller initial window. */
  window: number;
  /** It may send again. */
  resume(): void;
}

/**
 * How much may be sent by now (RFC 9113 § 5.2): each call has a window, the connection has one for all of them, and the
 * socket takes no more where the other side does not read. What must wait waits with its call.
 */
export class FlowControl {
  readonly #writer: FrameWriter;
  #window = DEFAULT_WINDOW_BYTES;
  #initialWindow = DEFAULT_WINDOW_BYTES;
  /** Calls with something to send. */
  readonly #waiting = new Set<FlowControlled>();

  constructor(writer: FrameWriter) {
    this.#writer = writer;
  }

  get initialWindow(): number {
    return this.#initialWindow;
  }

  /** Sends of a message, from `start`, what may be sent; gives the place of the first byte that may not. */
  send(call: FlowControlled, bytes: Buffer, start: number): number {
    let at = start;
    while (at < bytes.length && !this.#writer.isFull) {
      const length = Math.min(bytes.length - at, MAX_FRAME_BYTES, call.window, this.#window);
      if (length <= 0) break;
      call.window -= length;
      this.#window -= length;
      this.#writer.data(call.id, bytes, at, at + length);
      at += length;
    }
    return at;
  }

  wait(call: FlowControlled): void {
    this.#waiting.add(call);
  }

  forget(call: FlowControlled): void {
    this.#waiting.delete(call);
  }

  /** There is room again, where the other side has read: those that wait take turns. */
  resume(): void {
    for (const call of [...this.#waiting]) {
      if (this.#window <= 0 || this.#writer.isFull) return;
      this.#waiting.delete(call);
      call.resume();
    }
  }

  /** @throws ConnectionError the window would be too large. */
  widen(bytes: number): void {
    this.#window += bytes;
    if (this.#window > MAX_31_BITS) throw overflow();
    this.resume();
  }

  /** What the other side wants of every call, of those that are open too; a window may become negative by it. */
  setInitialWindow(bytes: number, open: Iterable<FlowControlled>): void {
    const change = bytes - this.#initialWindow;
    this.#initialWindow = bytes;
    for (const call of open) {
      call.window += change;
      if (call.window > MAX_31_BITS) throw overflow();
    }
    if (change > 0) this.resume();
  }
}

function overflow(): ConnectionError {
  return new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'a window of more than 31 bits');
}
