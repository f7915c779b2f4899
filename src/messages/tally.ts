/** Sums up what comes within a window, and tells the sum at its end. Nothing runs while nothing comes. */
export class Tally {
  readonly #windowMs: number;
  readonly #tell: (count: number) => void;
  #count = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(windowMs: number, tell: (count: number) => void) {
    this.#windowMs = windowMs;
    this.#tell = tell;
  }

  add(count: number): void {
    this.#count += count;
    this.#timer ??= setTimeout(() => this.flush(), this.#windowMs);
  }

  /** Tells at once what has come. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const count = this.#count;
    this.#count = 0;
    if (count > 0) this.#tell(count);
  }
}
