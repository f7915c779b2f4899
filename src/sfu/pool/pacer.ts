/** Peers of viewers join again within this time, or longer where many wait. */
const SPREAD_MS = 300;
/** A node takes about as many joins a second as 1,000 divided by this. */
const MS_PER_JOIN = 2;
/** A session that may join again counts this long as waiting, as all that waited are released together. */
const COUNTED_MS = 1_000;

/** Spreads the joins of sessions that have lost their peers: publishers first, as viewers wait for their media. */
export class Pacer {
  #waiting = 0;

  get waiting(): number {
    return this.#waiting;
  }

  enter(): void {
    this.#waiting += 1;
  }

  /** For sessions that can join at once. @returns ms that each waits before */
  spread(urgent: readonly boolean[]): number[] {
    this.#waiting += urgent.length;
    return urgent.map((isUrgent) => this.release(isUrgent));
  }

  /** @returns ms to wait before the join */
  release(isUrgent: boolean): number {
    const waiting = this.#waiting;
    this.#leaveLater();
    if (isUrgent) return Math.round(Math.random() * waiting);
    return Math.round(waiting + Math.random() * Math.max(SPREAD_MS, waiting * MS_PER_JOIN));
  }

  /** The session has ended. */
  cancel(): void {
    this.#waiting -= 1;
  }

  #leaveLater(): void {
    setTimeout(() => {
      this.#waiting -= 1;
    }, COUNTED_MS).unref();
  }
}
