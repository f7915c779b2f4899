/** A client keeps at most 512 frames or 256 KiB that are not acknowledged. */
const FRAMES_PER_ACK = 32;
const BYTES_PER_ACK = 64 * 1024;

/** Counts the frames of a client, and which of them have been acknowledged. */
export class ReceivedFrames {
  #count: number;
  #acknowledged: number;
  /** Of the frames that are not acknowledged. */
  #bytes = 0;

  /** @param count so many were received before */
  constructor(count = 0) {
    this.#count = count;
    this.#acknowledged = count;
  }

  get count(): number {
    return this.#count;
  }

  /** @returns whether it is time to acknowledge them */
  add(bytes: number): boolean {
    this.#count += 1;
    this.#bytes += bytes;
    return this.#count - this.#acknowledged >= FRAMES_PER_ACK || this.#bytes > BYTES_PER_ACK;
  }

  /** @returns false if the client knows of all of them */
  acknowledge(): boolean {
    if (this.#count === this.#acknowledged) return false;
    this.#acknowledged = this.#count;
    this.#bytes = 0;
    return true;
  }
}
