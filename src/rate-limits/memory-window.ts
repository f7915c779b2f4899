/** How much may be spent in how much time. */
export interface WindowSize {
  readonly points: number;
  readonly durationMs: number;
}

/**
 * Points that are spent within a stretch of time, by key; in this process, and at once, as it runs for each message.
 * The windows of all keys end together, so nothing is kept of a key beyond its window, and no timer runs. A limiter of
 * rate-limiter-flexible in memory gives a promise, and sets a timer for each key: four times the CPU a message.
 */
export class MemoryWindow {
  readonly #size: WindowSize;
  readonly #spent = new Map<string, number>();
  #endsAt = 0;

  constructor(size: WindowSize) {
    this.#size = size;
  }

  /** The keys that something is known of. */
  get keyCount(): number {
    return this.#spent.size;
  }

  /** Spends points of a key. Gives 0, or the ms until there are new ones where it had too few. */
  take(key: string, points: number): number {
    const now = performance.now();
    if (now >= this.#endsAt) {
      this.#spent.clear();
      this.#endsAt = now + this.#size.durationMs;
    }
    const spent = (this.#spent.get(key) ?? 0) + points;
    this.#spent.set(key, spent);
    return spent > this.#size.points ? Math.ceil(this.#endsAt - now) : 0;
  }
}
