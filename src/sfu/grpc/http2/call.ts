import {
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2';
import { type CallListener, type GrpcCall, MAX_MESSAGE_BYTES } from '../client.js';
import { type Status, statusOf, statusOfHttp, statusOfReset } from '../status.js';
import { MessageReader } from './message-reader.js';

/**
 * One bidirectional gRPC call, on node:http2 itself: what a general client does besides (interceptors, retries, filters,
 * an object stream on each side) costs a candidate more than all the rest of its way.
 */
export class Http2Call implements GrpcCall {
  readonly #stream: ClientHttp2Stream;
  readonly #listener: CallListener;
  readonly #isConnectionLost: () => boolean;
  readonly #reader = new MessageReader(MAX_MESSAGE_BYTES);
  readonly #deliver: (message: Buffer) => void;
  readonly #written: () => void;
  #pending = 0;
  #httpStatus = 200;
  #status: Status | undefined;
  /** By this side. */
  #stopped = false;

  constructor(stream: ClientHttp2Stream, listener: CallListener, isConnectionLost: () => boolean) {
    this.#stream = stream;
    this.#listener = listener;
    this.#isConnectionLost = isConnectionLost;
    this.#deliver = (message) => listener.onMessage(message);
    this.#written = () => {
      this.#pending -= 1;
    };
    stream.on('response', (headers) => this.#answered(headers));
    stream.on('data', (piece: Buffer) => this.#read(piece));
    stream.on('trailers', (trailers) => {
      this.#status ??= statusOf(trailers);
    });
    // The other side says no more: what this one would say is of no use.
    stream.on('end', () => stream.close());
    // What it says is in the reset's code, and `close` always comes.
    stream.on('error', () => {});
    stream.on('close', () => this.#closed());
  }

  get pending(): number {
    return this.#pending;
  }

  write(framed: Buffer): void {
    if (this.#stream.destroyed || this.#stream.writableEnded) return;
    this.#pending += 1;
    this.#stream.write(framed, this.#written);
  }

  end(): void {
    this.#stream.end();
  }

  cancel(): void {
    this.#stop({ code: 'CANCELLED', details: 'cancelled by this side' });
  }

  #answered(headers: IncomingHttpHeaders & IncomingHttpStatusHeader): void {
    this.#httpStatus = headers[':status'] ?? 200;
    this.#status ??= statusOf(headers);
  }

  #read(piece: Buffer): void {
    if (this.#stopped) return;
    try {
      this.#reader.read(piece, this.#deliver);
    } catch (error) {
      this.#stop({ code: 'INTERNAL', details: error instanceof Error ? error.message : String(error) });
    }
  }

  #stop(status: Status): void {
    this.#stopped = true;
    this.#status ??= status;
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  #closed(): void {
    this.#listener.onEnd(this.#status ?? this.#statusOfClose());
  }

  /** Of a stream that ended without a word about it. */
  #statusOfClose(): Status {
    if (this.#isConnectionLost()) return { code: 'UNAVAILABLE', details: 'the connection was lost' };
    if (this.#httpStatus !== 200) return statusOfHttp(this.#httpStatus);
    return statusOfReset(this.#stream.rstCode);
  }
}
