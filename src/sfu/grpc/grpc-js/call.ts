import type { ClientDuplexStream } from '@grpc/grpc-js';
import { type CallListener, type GrpcCall, PREFIX_BYTES } from '../client.js';
import { STATUS_NAMES } from '../status.js';

/** By @grpc/grpc-js, which writes the prefixes itself. */
export class GrpcJsCall implements GrpcCall {
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  readonly #written: () => void;
  #pending = 0;

  constructor(call: ClientDuplexStream<Buffer, Buffer>, listener: CallListener) {
    this.#call = call;
    this.#written = () => {
      this.#pending -= 1;
    };
    call.on('data', (message: Buffer) => listener.onMessage(message));
    // `status` says the same, and always comes.
    call.on('error', () => {});
    call.on('status', ({ code, details }) =>
      listener.onEnd({ code: STATUS_NAMES[code] ?? 'UNKNOWN', details }),
    );
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
    this.#call.cancel();
  }
}
