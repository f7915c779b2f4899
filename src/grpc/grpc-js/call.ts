import type { ClientDuplexStream } from '@grpc/grpc-js';
import { type CallListener, type GrpcCall, PREFIX_BYTES } from '../grpc-connection.js';
import { STATUS_NAMES, type Status } from '../status.js';

/** Messages of grpc-js for calls that the server has not processed: they were refused (REFUSED_STREAM, GOAWAY) or never sent. */
const UNPROCESSED = ['Stream refused by server', 'Channel closed before call started'];

/** A call of @grpc/grpc-js, which writes the prefixes of messages itself. */
export class GrpcJsCall implements GrpcCall {
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  readonly #written: () => void;
  #pending = 0;
  #isCancelled = false;

  /** `explain`: called with the end; adds what the connection knows about it. */
  constructor(
    call: ClientDuplexStream<Buffer, Buffer>,
    listener: CallListener,
    explain: (status: Status) => Status,
  ) {
    this.#call = call;
    this.#written = () => {
      this.#pending -= 1;
    };
    call.on('data', (message: Buffer) => listener.onMessage(message));
    // `status` has the same information, and is always emitted.
    call.on('error', () => {});
    call.on('status', ({ code, details }) => {
      const status = explain(statusOf(code, details));
      listener.onEnd(this.#isCancelled ? { code: 'CANCELLED', details: 'cancelled by this side' } : status);
    });
  }

  get pending(): number {
    return this.#pending;
  }

  write(framed: Buffer): void {
    if (this.#call.writableEnded) return;
    this.#pending += 1;
    this.#call.write(framed.subarray(PREFIX_BYTES), this.#written);
  }

  end(): void {
    this.#call.end();
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#call.cancel();
  }
}

function statusOf(number: number, details: string): Status {
  const code = STATUS_NAMES[number] ?? 'UNKNOWN';
  return code === 'UNAVAILABLE' && UNPROCESSED.includes(details)
    ? { code, details, unprocessed: true }
    : { code, details };
}
