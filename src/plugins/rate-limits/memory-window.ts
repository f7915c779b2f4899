/** Points per period. */
export interface WindowSize {
  readonly points: number;
  readonly durationMs: number;
}

/**
 * Counts points by key in fixed windows, in this process and synchronously: it runs for each message. The windows of all
 * keys end together, so there is no timer; a key that was idle for one window is forgotten. The in-memory limiter of
 * rate-limiter-flexible returns a promise and sets a timer per key: four times the CPU per message.
 */
export class MemoryWindow {
  readonly #size: WindowSize;
  readonly #spent = new Map<string, { points: number }>();
  #endsAt = 0;

  constructor(size: WindowSize) {
    this.#size = size;
  }

  /** The number of keys in memory. */
  get keyCount(): number {
    return this.#spent.size;
  }

  /** Charges points to a key. Returns 0, or the ms until the next window if the key has too few points. */
  take(key: string, points: number): number {
    const now = performance.now();
    if (now >= this.#endsAt) {
      this.#begin();
      this.#endsAt = now + this.#size.durationMs;
    }
    let spent = this.#spent.get(key);
    if (!spent) {
      spent = { points: 0 };
      this.#spent.set(key, spent);
    }
    spent.points += points;
    return spent.points > this.#size.points ? this.#endsAt - now : 0;
  }

  /** Keeps the entries of active keys: inserting them again would be most of the cost. */
  #begin(): void {
    for (const [key, spent] of this.#spent) {
      if (spent.points === 0) this.#spent.delete(key);
      else spent.points = 0;
    }
  }
}
