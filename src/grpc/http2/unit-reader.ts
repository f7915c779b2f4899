/** Shorter chunks are copied into one buffer: each Buffer object costs some hundred bytes. */
const SHORT_BYTES = 4096;

/**
 * Splits a stream of bytes into units whose header has their length: HTTP/2 into frames, a gRPC call into messages. The bytes
 * arrive in chunks of any size.
 */
export abstract class UnitReader {
  readonly #headerBytes: number;
  /** Chunks of an incomplete unit, and the number of bytes needed to continue. */
  #parts: Buffer[] | undefined;
  #missing = 0;

  constructor(headerBytes: number) {
    this.#headerBytes = headerBytes;
  }

  /** Reads a chunk, which is not kept, and delivers the units that it completes. */
  read(data: Buffer, start: number, end: number): void {
    if (start === end) return;
    if (!this.#parts) {
      this.#cut(data, start, end);
      return;
    }
    keepPart(this.#parts, Buffer.from(data.subarray(start, end)));
    this.#missing -= end - start;
    if (this.#missing > 0) return;
    const whole = Buffer.concat(this.#parts);
    this.#parts = undefined;
    this.#cut(whole, 0, whole.length);
  }

  /**
   * The length of the unit whose header begins here, including the header.
   * @throws Error the unit is not allowed
   */
  protected abstract bytesOf(data: Buffer, at: number): number;

  /** Receives a unit, which is valid until the method returns. */
  protected abstract take(data: Buffer, start: number, end: number): void;

  #cut(data: Buffer, start: number, end: number): void {
    let at = start;
    while (end - at >= this.#headerBytes) {
      const next = at + this.bytesOf(data, at);
      if (next > end) break;
      this.take(data, at, next);
      at = next;
    }
    if (at < end) this.#keep(Buffer.from(data.subarray(at, end)));
  }

  #keep(rest: Buffer): void {
    this.#parts = [rest];
    this.#missing =
      (rest.length < this.#headerBytes ? this.#headerBytes : this.bytesOf(rest, 0)) - rest.length;
  }
}

function keepPart(parts: Buffer[], part: Buffer): void {
  let last = part;
  for (
    let before = parts.at(-1);
    before && before.length <= last.length && last.length < SHORT_BYTES;
    before = parts.at(-1)
  ) {
    parts.pop();
    last = Buffer.concat([before, last]);
  }
  parts.push(last);
}
