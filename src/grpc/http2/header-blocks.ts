import { ConnectionError, ErrorCode, Flag, protocolError } from './frames.js';
import { type Fields, HpackDecoder } from './hpack/decoder.js';

/**
 * Of a block in several frames. One that has too many fields for its call is read all the same, as later ones may refer to it;
 * one that is longer than this ends the connection.
 */
const MAX_BLOCK_BYTES = 1024 * 1024;
/** What each frame of a block counts for besides its content: there may be any number of short or empty ones. */
const FRAME_BYTES = 64;
/** Of a stream that another depends on, and the weight of that (RFC 9113 § 6.2). */
const PRIORITY_BYTES = 5;

interface Block {
  streamId: number;
  /** Nothing comes after it. */
  isLast: boolean;
  parts: Buffer[];
  bytes: number;
}

/** The header blocks of a connection, each in one frame or in several, one after the other (RFC 9113 § 4.3). */
export class HeaderBlocks {
  readonly #decoder = new HpackDecoder();
  #block: Block | undefined;

  /** The next frame has to go on with one. */
  get isOpen(): boolean {
    return this.#block !== undefined;
  }

  /** Takes the content of a HEADERS frame. */
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

  /** Takes the content of a CONTINUATION frame. */
  continue(streamId: number, data: Buffer, start: number, end: number): void {
    if (streamId !== this.#block?.streamId) throw protocolError('a continuation of no header block');
    this.#append(this.#block, data, start, end);
  }

  /** @throws ConnectionError it can't be read, and no later one can. */
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
