import type { CallListener, GrpcCall } from '../grpc-connection.js';
import { type Status, statusOf, statusOfHttp, statusOfReset } from '../status.js';
import type { FlowControl } from './flow-control.js';
import type { FrameWriter } from './frame-writer.js';
import { ErrorCode, FrameType, MAX_31_BITS } from './frames.js';
import { type Fields, MAX_FIELDS_BYTES } from './hpack/decoder.js';
import { MessageReader } from './message-reader.js';

/** The connection, as its calls use it. */
export interface CallSetup {
  writer: FrameWriter;
  flowControl: FlowControl;
  /** The call has ended. */
  forget(call: Http2Call): void;
}

/** One bidirectional gRPC call: a stream of an HTTP/2 connection (RFC 9113 § 5.1, gRPC's PROTOCOL-HTTP2). */
export class Http2Call implements GrpcCall {
  readonly id: number;
  /** The send window in bytes. */
  window: number;
  /** Received bytes for which no WINDOW_UPDATE was sent yet. */
  received = 0;
  readonly #setup: CallSetup;
  readonly #listener: CallListener;
  readonly #reader = new MessageReader(this);
  /** Waiting messages, and the sent bytes of the first one. */
  #queue: Buffer[] | undefined;
  #sent = 0;
  /** The call is half-closed, or will be after the waiting messages. */
  #isEnding = false;
  #isOver = false;
  /** The HTTP status; 0 before the response. */
  #httpStatus = 0;
  #status: Status | undefined;

  constructor(id: number, listener: CallListener, setup: CallSetup) {
    this.id = id;
    this.window = setup.flowControl.initialWindow;
    this.#setup = setup;
    this.#listener = listener;
  }

  get pending(): number {
    return this.#queue?.length ?? 0;
  }

  write(framed: Buffer): void {
    if (this.#isOver || this.#isEnding) return;
    if (this.#queue) {
      this.#queue.push(framed);
      return;
    }
    const { flowControl } = this.#setup;
    const sent = flowControl.send(this, framed, 0);
    if (sent === framed.length) return;
    this.#queue = [framed];
    this.#sent = sent;
    flowControl.wait(this);
  }

  end(): void {
    if (this.#isOver || this.#isEnding) return;
    this.#isEnding = true;
    if (!this.#queue) this.#setup.writer.endStream(this.id);
  }

  cancel(): void {
    this.stop(ErrorCode.CANCEL, { code: 'CANCELLED', details: 'cancelled by this side' });
  }

  /** Sends waiting messages as far as the windows allow. */
  resume(): void {
    if (!this.#queue) return;
    const { flowControl, writer } = this.#setup;
    for (let first = this.#queue[0]; first; first = this.#queue[0]) {
      this.#sent = flowControl.send(this, first, this.#sent);
      if (this.#sent < first.length) {
        flowControl.wait(this);
        return;
      }
      this.#queue.shift();
      this.#sent = 0;
    }
    this.#queue = undefined;
    if (this.#isEnding) writer.endStream(this.id);
  }

  /** The server has sent a WINDOW_UPDATE. */
  widen(bytes: number): void {
    this.window += bytes;
    if (this.window > MAX_31_BITS)
      this.stop(ErrorCode.FLOW_CONTROL_ERROR, { code: 'INTERNAL', details: 'a window of more than 31 bits' });
    else if (this.#queue) this.resume();
  }

  /** `fields`: undefined if there are too many. */
  receiveFields(fields: Fields | undefined): void {
    if (!fields) {
      const details = `header fields of more than ${MAX_FIELDS_BYTES} bytes`;
      this.stop(ErrorCode.CANCEL, { code: 'INTERNAL', details });
      return;
    }
    if (this.#httpStatus < 200) this.#httpStatus = Number(fields[':status']) || 0;
    this.#reader.encoding ??= fields['grpc-encoding'];
    this.#status ??= statusOf(fields);
  }

  receiveData(data: Buffer, start: number, end: number): void {
    if (this.#httpStatus !== 200) {
      // The body is an error page, not messages.
      if (this.#httpStatus >= 300) return;
      this.stop(ErrorCode.PROTOCOL_ERROR, { code: 'INTERNAL', details: 'data before the response' });
      return;
    }
    try {
      this.#reader.read(data, start, end);
    } catch (error) {
      const details = error instanceof Error ? error.message : String(error);
      this.stop(ErrorCode.CANCEL, { code: 'INTERNAL', details });
    }
  }

  receiveMessage(message: Buffer): void {
    if (!this.#isOver) this.#listener.onMessage(message);
  }

  /** The server has ended the stream: further messages to it are useless. */
  receiveEnd(): void {
    if (this.#isOver) return;
    const { writer } = this.#setup;
    if (this.#queue) writer.number(FrameType.RST_STREAM, this.id, ErrorCode.CANCEL);
    else if (!this.#isEnding) writer.endStream(this.id);
    this.lose(this.#statusOfEnd(ErrorCode.NO_ERROR));
  }

  receiveReset(code: number): void {
    const status = this.#statusOfEnd(code);
    const unprocessed = code === ErrorCode.REFUSED_STREAM && this.#httpStatus === 0;
    this.lose(unprocessed ? { ...status, unprocessed } : status);
  }

  /** Ends the call. The listener is called later, so that its code and its exceptions do not affect the caller. */
  lose(status: Status): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#queue = undefined;
    this.#setup.forget(this);
    queueMicrotask(() => this.#listener.onEnd(status));
  }

  /** Resets the stream. */
  stop(reason: number, status: Status): void {
    if (this.#isOver) return;
    this.#setup.writer.number(FrameType.RST_STREAM, this.id, reason);
    this.lose(status);
  }

  #statusOfEnd(code: number): Status {
    if (this.#status) return this.#status;
    if (this.#httpStatus !== 0 && this.#httpStatus !== 200) return statusOfHttp(this.#httpStatus);
    return statusOfReset(code);
  }
}
