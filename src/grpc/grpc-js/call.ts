import type { ClientDuplexStream } from '@grpc/grpc-js';
import { type CallListener, type GrpcCall, PREFIX_BYTES } from '../grpc-connection.js';
import { STATUS_NAMES, type Status } from '../status.js';

/** How grpc-js says that the server has not looked at a call: it was refused (REFUSED_STREAM, GOAWAY), or never sent. */
const UNPROCESSED = ['Stream refused by server', 'Channel closed before call started'];

/** By @grpc/grpc-js, which writes the prefixes itself. */
export class GrpcJsCall implements GrpcCall {
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  readonly #written: () => void;
  #pending = 0;
  #isCancelled = false;

  /** `explain`: is told of the end, and says what the connection knows of it. */
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
    // `status` says the same, and always comes.
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
