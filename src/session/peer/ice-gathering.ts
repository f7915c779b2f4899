/** Without a candidate for this long, the SFU has gathered what it can. */
const QUIET_MS = 300;
/** It stops waiting for STUN servers after 5 s. */
const LIMIT_MS = 6_000;

/**
 * When the SFU gathers candidates for a publisher connection. An ICE restart in that time ends the session on Ion
 * ("ICE Agent can not be restarted when gathering"), and it does not say when it has done.
 */
export class IceGathering {
  #since = 0;
  /** A number from the start: each later one would be an object of its own, that an old one holds. */
  #quietAt = Number.POSITIVE_INFINITY;
  #credentials: string | undefined;

  /** An offer with new ICE credentials is a restart (RFC 8839 § 4.4.1.1.1). */
  isRestart(credentials: string): boolean {
    return this.#credentials !== credentials;
  }

  /** The offer goes to the SFU now. */
  begin(credentials: string): void {
    if (this.#credentials === credentials) return;
    // Copied: they would hold the whole description in memory, of which they are pieces.
    this.#credentials = Buffer.from(credentials).toString();
    this.#since = performance.now();
    this.#quietAt = Number.POSITIVE_INFINITY;
  }

  candidate(): void {
    this.#quietAt = performance.now() + QUIET_MS;
  }

  /** Resolves when ICE may be restarted. */
  async settled(): Promise<void> {
    for (let rest = this.#rest(); rest > 0; rest = this.#rest()) {
      await new Promise((resolve) => {
        // Not all of it at once: a candidate that comes meanwhile shortens the wait.
        setTimeout(resolve, Math.min(rest, QUIET_MS)).unref();
      });
    }
  }

  #rest(): number {
    return Math.min(this.#quietAt, this.#since + LIMIT_MS) - performance.now();
  }
}
