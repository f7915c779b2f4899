/** Gathering counts as complete when no candidate has arrived for this long. */
const QUIET_MS = 300;
/** Ion stops waiting for STUN servers after 5 s. */
const LIMIT_MS = 6_000;

/**
 * Estimates when the SFU gathers candidates for a publisher connection. An ICE restart during gathering ends the session on Ion
 * ("ICE Agent can not be restarted when gathering"), and Ion does not signal the end of gathering.
 */
export class IceGathering {
  #since = 0;
  /** Initialized as a double: a later change of representation would allocate for each value. */
  #quietAt = Number.POSITIVE_INFINITY;
  #credentials: string | undefined;

  /** An offer with new ICE credentials is a restart (RFC 8839 § 4.4.1.1.1). */
  isRestart(credentials: string): boolean {
    return this.#credentials !== credentials;
  }

  /** The offer is about to be sent. */
  begin(credentials: string): void {
    if (this.#credentials === credentials) return;
    // A copy: a substring would keep the whole description in memory.
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
        // In steps, as a candidate in the meantime changes the wait.
        setTimeout(resolve, Math.min(rest, QUIET_MS)).unref();
      });
    }
  }

  #rest(): number {
    return Math.min(this.#quietAt, this.#since + LIMIT_MS) - performance.now();
  }
}
