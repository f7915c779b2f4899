/** Sums counts within a time window and publishes the sum at its end. There is no timer while no counts arrive. */
export class Tally {
  readonly #windowMs: number;
  readonly #publish: (count: number) => void;
  #count = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(windowMs: number, publish: (count: number) => void) {
    this.#windowMs = windowMs;
    this.#publish = publish;
  }

  add(count: number): void {
    this.#count += count;
    this.#timer ??= setTimeout(() => this.flush(), this.#windowMs);
  }

  /** Publishes the current sum now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const count = this.#count;
    this.#count = 0;
    if (count > 0) this.#publish(count);
  }
}
