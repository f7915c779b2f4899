import type { CallListener, GrpcCall, GrpcConnection } from '../../../../src/grpc/grpc-connection.js';
import type { Status } from '../../../../src/grpc/status.js';
import { soon } from './raw-http2-server.js';

/** A message with its prefix: not compressed, and its length. */
export function framed(message: string | Uint8Array): Buffer {
  const bytes = Buffer.from(message);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

/** A call, and what its listener has heard. */
export class RecordedCall implements CallListener {
  readonly messages: string[] = [];
  readonly ends: Status[] = [];
  /** What a listener does besides; it may throw. */
  readonly heard: Partial<CallListener>;
  readonly #call: GrpcCall;

  constructor(connection: GrpcConnection, heard: Partial<CallListener> = {}) {
    this.heard = heard;
    this.#call = connection.call(this);
  }

  onMessage(message: Buffer): void {
    this.messages.push(message.toString('latin1'));
    this.heard.onMessage?.(message);
  }

  onEnd(status: Status): void {
    this.ends.push(status);
    this.heard.onEnd?.(status);
  }

  get pending(): number {
    return this.#call.pending;
  }

  say(...messages: (string | Uint8Array)[]): void {
    for (const message of messages) this.#call.write(framed(message));
  }

  /** Half-closes. */
  end(): void {
    this.#call.end();
  }

  cancel(): void {
    this.#call.cancel();
  }

  /** The first so many messages. */
  async received(count: number): Promise<string[]> {
    await soon(`${count} messages have come`, () => this.messages.length >= count);
    return this.messages.slice(0, count);
  }

  async ended(): Promise<Status> {
    return soon('the call ends', () => this.ends[0]);
  }
}
