import { PREFIX_BYTES } from '../client.js';

/** Puts the messages of a stream together again, which come in whatever pieces HTTP/2 has cut them into. */
export class MessageReader {
  readonly #maxBytes: number;
  /** Pieces of a message that is not whole yet, and how much more of it there has to be. */
  #parts: Buffer[] = [];
  #missing = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes a piece, and hands on the messages that it completes; they hold as long as the piece does.
   * @throws Error a message that is too long, or compressed
   */
  read(piece: Buffer, deliver: (message: Buffer) => void): void {
    let data = piece;
    if (this.#parts.length > 0) {
      this.#parts.push(piece);
      this.#missing -= piece.length;
      if (this.#missing > 0) return;
      data = Buffer.concat(this.#parts);
      this.#parts = [];
    }
    let at = 0;
    while (at + PREFIX_BYTES <= data.length) {
      const end = at + PREFIX_BYTES + this.#lengthAt(data, at);
      if (end > data.length) break;
      deliver(data.subarray(at + PREFIX_BYTES, end));
      at = end;
    }
    if (at < data.length) this.#keep(data.subarray(at));
  }

  #keep(rest: Buffer): void {
    this.#parts.push(rest);
    const whole = rest.length < PREFIX_BYTES ? PREFIX_BYTES : PREFIX_BYTES + this.#lengthAt(rest, 0);
    this.#missing = whole - rest.length;
  }

  #lengthAt(data: Buffer, at: number): number {
    if (data[at] !== 0) throw new Error('a compressed message, which was not asked for');
    const length = data.readUInt32BE(at + 1);
    if (length > this.#maxBytes) throw new Error(`a message of ${length} bytes, more than ${this.#maxBytes}`);
    return length;
  }
}
