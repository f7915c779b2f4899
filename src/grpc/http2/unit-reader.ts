/** Pieces shorter than this are put together: each takes some hundred bytes beside its own. */
const SHORT_BYTES = 4096;

/**
 * Cuts a stream of bytes into units, each of which says in its header how long it is: HTTP/2 into frames, a gRPC call
 * into messages. They come in whatever pieces the layer below has cut them into.
 */
export abstract class UnitReader {
  readonly #headerBytes: number;
  /** Pieces of a unit that is not whole yet, and how many bytes have to come before more can be said of it. */
  #parts: Buffer[] | undefined;
  #missing = 0;

  constructor(headerBytes: number) {
    this.#headerBytes = headerBytes;
  }

  /** Takes a piece, which need not last, and hands on the units that it completes. */
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
   * How long the unit is whose header begins here, with its header.
   * @throws Error where it must not be
   */
  protected abstract bytesOf(data: Buffer, at: number): number;

  /** One unit, which holds until this returns. */
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
