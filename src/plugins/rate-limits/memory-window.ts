/** How much may be spent in how much time. */
export interface WindowSize {
  readonly points: number;
  readonly durationMs: number;
}

/**
 * Points that are spent within a stretch of time, by key; in this process, and at once, as it runs for each message.
 * The windows of all keys end together, so no timer runs, and a key in which nothing was spent for one is forgotten. A
 * limiter of rate-limiter-flexible in memory gives a promise, and sets a timer for each key: four times the CPU a message.
 */
export class MemoryWindow {
  readonly #size: WindowSize;
  readonly #spent = new Map<string, { points: number }>();
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
      this.#begin();
      this.#endsAt = now + this.#size.durationMs;
    }
    let spent = this.#spent.get(key);
    if (!spent) {
      spent = { points: 0 };
      this.#spent.set(key, spent);
    }
    spent.points += points;
    return spent.points > this.#size.points ? Math.ceil(this.#endsAt - now) : 0;
  }

  /** Those that go on need not be put there again, which would cost them more than all else that is done here. */
  #begin(): void {
    for (const [key, spent] of this.#spent) {
      if (spent.points === 0) this.#spent.delete(key);
      else spent.points = 0;
    }
  }
}
