import { FRAME_HEADER_BYTES, frameSizeError, MAX_31_BITS, MAX_FRAME_BYTES } from './frames.js';
import { UnitReader } from './unit-reader.js';

/** Receives the frames. Their content is `data` from `start` to `end`, valid until the callback returns. */
export interface FrameListener {
  onFrame(type: number, flags: number, streamId: number, data: Buffer, start: number, end: number): void;
}

/** Reads the frames of a connection (RFC 9113 § 4.1). */
export class FrameReader extends UnitReader {
  readonly #listener: FrameListener;

  constructor(listener: FrameListener) {
    super(FRAME_HEADER_BYTES);
    this.#listener = listener;
  }

  protected override bytesOf(data: Buffer, at: number): number {
    const length = data.readUIntBE(at, 3);
    if (length > MAX_FRAME_BYTES) throw frameSizeError(`a frame of ${length} bytes`);
    return FRAME_HEADER_BYTES + length;
  }

  protected override take(data: Buffer, start: number, end: number): void {
    const streamId = data.readUInt32BE(start + 5) & MAX_31_BITS;
    const [type = 0, flags = 0] = [data[start + 3], data[start + 4]];
    this.#listener.onFrame(type, flags, streamId, data, start + FRAME_HEADER_BYTES, end);
  }
}
