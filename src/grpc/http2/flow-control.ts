import type { FrameWriter } from './frame-writer.js';
import { ConnectionError, DEFAULT_WINDOW_BYTES, ErrorCode, MAX_31_BITS, MAX_FRAME_BYTES } from './frames.js';

/** A call, as flow control uses it. */
export interface FlowControlled {
  readonly id: number;
  /** The send window in bytes; negative after the server has reduced the initial window. */
  window: number;
  /** The call may send again. */
  resume(): void;
}

/**
 * Limits what is sent (RFC 9113 § 5.2): by the window of each call, by that of the connection, and by the socket if the server does
 * not read. Data beyond the limits waits in its call.
 */
export class FlowControl {
  readonly #writer: FrameWriter;
  #window = DEFAULT_WINDOW_BYTES;
  #initialWindow = DEFAULT_WINDOW_BYTES;
  /** Calls with data to send. */
  readonly #waiting = new Set<FlowControlled>();

  constructor(writer: FrameWriter) {
    this.#writer = writer;
  }

  get initialWindow(): number {
    return this.#initialWindow;
  }

  /** Sends a message from `start` as far as the windows allow; returns the position of the first byte that is not sent. */
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

  /** The connection can send again: the waiting calls take turns. */
  resume(): void {
    for (const call of [...this.#waiting]) {
      if (this.#window <= 0 || this.#writer.isFull) return;
      this.#waiting.delete(call);
      call.resume();
    }
  }

  /** @throws ConnectionError the window would be too large */
  widen(bytes: number): void {
    this.#window += bytes;
    if (this.#window > MAX_31_BITS) throw overflow();
    this.resume();
  }

  /** Applies a new initial window to all calls, open ones included. A window may become negative. */
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
