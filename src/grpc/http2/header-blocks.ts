import { ConnectionError, ErrorCode, Flag, protocolError } from './frames.js';
import { type Fields, HpackDecoder } from './hpack/decoder.js';

/**
 * The maximum length of a block in several frames; a longer one ends the connection. A block with too many fields is decoded
 * nevertheless, as later ones may refer to it.
 */
const MAX_BLOCK_BYTES = 1024 * 1024;
/** The overhead of each frame of a block: it limits the number of short or empty frames. */
const FRAME_BYTES = 64;
/** The length of the priority fields: stream dependency and weight (RFC 9113 § 6.2). */
const PRIORITY_BYTES = 5;

interface Block {
  streamId: number;
  /** The stream ends with this block. */
  isLast: boolean;
  parts: Buffer[];
  bytes: number;
}

/** Assembles the header blocks of a connection from one or several frames (RFC 9113 § 4.3). */
export class HeaderBlocks {
  readonly #decoder = new HpackDecoder();
  #block: Block | undefined;

  /** The next frame must be a CONTINUATION. */
  get isOpen(): boolean {
    return this.#block !== undefined;
  }

  /** Reads the content of a HEADERS frame. */
  begin(flags: number, streamId: number, data: Buffer, start: number, end: number): void {
    let [from, to] = [start, end];
    if (flags & Flag.PADDED) {
      to -= data[from] ?? 0;
      from += 1;
    }
    if (flags & Flag.PRIORITY) from += PRIORITY_BYTES;
    if (from > to) throw protocolError('more padding than there are header fields');
    this.#block = { streamId, isLast: (flags & Flag.END_STREAM) !== 0, parts: [], bytes: 0 };
    this.#append(this.#block, data, from, to);
  }

  /** Reads the content of a CONTINUATION frame. */
  continue(streamId: number, data: Buffer, start: number, end: number): void {
    if (streamId !== this.#block?.streamId) throw protocolError('a continuation of no header block');
    this.#append(this.#block, data, start, end);
  }

  /** @throws ConnectionError the block can't be decoded, so that no later one can either */
  end(): { streamId: number; isLast: boolean; fields: Fields | undefined } {
    const { streamId = 0, isLast = false, parts = [] } = this.#block ?? {};
    this.#block = undefined;
    try {
      return { streamId, isLast, fields: this.#decoder.decode(Buffer.concat(parts)) };
    } catch (error) {
      throw new ConnectionError(ErrorCode.COMPRESSION_ERROR, `header fields: ${(error as Error).message}`);
    }
  }

  #append(block: Block, data: Buffer, start: number, end: number): void {
    block.bytes += end - start + FRAME_BYTES;
    if (block.bytes > MAX_BLOCK_BYTES)
      throw new ConnectionError(
        ErrorCode.ENHANCE_YOUR_CALM,
        `header fields of more than ${MAX_BLOCK_BYTES} bytes`,
      );
    block.parts.push(Buffer.from(data.subarray(start, end)));
  }
}
