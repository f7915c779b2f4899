import { MAX_MESSAGE_BYTES, PREFIX_BYTES } from '../grpc-connection.js';
import { decompress } from './compression.js';
import { UnitReader } from './unit-reader.js';

/** Receives the messages. A message is valid until the callback returns. */
interface MessageReceiver {
  receiveMessage(message: Buffer): void;
}

/** Reads the messages of one call: compressed flag, length, message (gRPC's PROTOCOL-HTTP2). */
export class MessageReader extends UnitReader {
  readonly #receiver: MessageReceiver;
  /** The compression of compressed messages: the header `grpc-encoding`. */
  encoding: string | undefined;

  constructor(receiver: MessageReceiver) {
    super(PREFIX_BYTES);
    this.#receiver = receiver;
  }

  protected override bytesOf(data: Buffer, at: number): number {
    if ((data[at] ?? 0) > 1) throw new Error('no gRPC message');
    const length = data.readUInt32BE(at + 1);
    if (length > MAX_MESSAGE_BYTES)
      throw new Error(`a message of ${length} bytes, more than ${MAX_MESSAGE_BYTES}`);
    return PREFIX_BYTES + length;
  }

  protected override take(data: Buffer, start: number, end: number): void {
    const message = data.subarray(start + PREFIX_BYTES, end);
    this.#receiver.receiveMessage(data[start] === 0 ? message : decompress(this.encoding, message));
  }
}
