import type { WindowSize } from './memory-window.js';

/** The places of a queue reach so far beyond the current window. */
const LONGEST_QUEUE_MS = 30_000;
const LONGEST_JITTER_MS = 1_000;
/** Of the duration of a window: of places that are spread already. */
const QUEUE_JITTER = 0.1;

/**
 * Tells those who share a budget, and were refused, when to come back: if all returned when the window ends, most would be
 * refused again. Whoever wants to come in is given a place in a queue that moves on by the points of each window. It exists
 * as a number: the time until which its places are given away.
 */
export class ReturnTimes {
  readonly #size: WindowSize;
  readonly #queueEnds = new Map<string, number>();
  #sweepAt = 0;

  constructor(size: WindowSize) {
    this.#size = size;
  }

  /** The number of queues in memory. */
  get queueCount(): number {
    return this.#queueEnds.size;
  }

  /** @returns ms until one time after the current window, without a place */
  spread(windowMs: number): number {
    return Math.ceil(windowMs + this.#jitter(1));
  }

  /**
   * @param points what it will take to come in
   * @param windowMs what is left of the current window
   * @param pointsAhead of others, as far as they are known from elsewhere
   * @returns ms until the next free place; beyond the longest queue, until any of its places
   */
  queue(key: string, points: number, windowMs: number, pointsAhead = 0): number {
    const now = performance.now();
    this.#sweep(now);
    const opens = now + windowMs;
    const msPerPoint = this.#size.durationMs / this.#size.points;
    const place = Math.max(opens + pointsAhead * msPerPoint, this.#queueEnds.get(key) ?? 0);
    if (place - opens > LONGEST_QUEUE_MS) return Math.ceil(windowMs + Math.random() * LONGEST_QUEUE_MS);
    this.#queueEnds.set(key, place + points * msPerPoint);
    return Math.ceil(place - now + this.#jitter(QUEUE_JITTER));
  }

  #jitter(share: number): number {
    return Math.random() * Math.min(this.#size.durationMs, LONGEST_JITTER_MS) * share;
  }

  /** Forgets queues that are over, now and then. */
  #sweep(now: number): void {
    if (now < this.#sweepAt) return;
    this.#sweepAt = now + LONGEST_QUEUE_MS;
    for (const [key, end] of this.#queueEnds) if (end <= now) this.#queueEnds.delete(key);
  }
}
