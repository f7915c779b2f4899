/** So many frames are acknowledged at once. */
const FRAMES_PER_ACK = 32;

/** Counts the frames of a client, and which of them have been acknowledged. */
export class ReceivedFrames {
  #count = 0;
  #acknowledged = 0;

  get count(): number {
    return this.#count;
  }

  /** @returns whether it is time to acknowledge them */
  add(): boolean {
    this.#count += 1;
    return this.#count - this.#acknowledged >= FRAMES_PER_ACK;
  }

  /** @returns false if the client knows of all of them */
  acknowledge(): boolean {
    if (this.#count === this.#acknowledged) return false;
    this.#acknowledged = this.#count;
    return true;
  }
}
