import { RelayError } from './errors.js';
import { LIMITS } from './limits.js';

/**
 * How many places a client may point the SFU to. It sends a STUN request to each of them, checks every pair they
 * make, and has no limit of its own.
 */
export class CandidateBudget {
  readonly #seen = new Set<string>();

  /**
   * Candidates that are known already, as a description repeats them, cost nothing.
   * @throws RelayError `ERR_RELAY_TOO_MANY`
   */
  spend(candidates: readonly string[]): void {
    for (const candidate of candidates) {
      const [, , transport, , address, port] = candidate.split(' ', 6);
      if (address === undefined) continue;
      const place = `${transport} ${address} ${port}`;
      if (this.#seen.size >= LIMITS.maxCandidates && !this.#seen.has(place))
        throw new RelayError(
          'ERR_RELAY_TOO_MANY',
          `More than ${LIMITS.maxCandidates} candidates for one connection.`,
        );
      this.#seen.add(place);
    }
  }

  /** ICE starts anew. */
  renew(): void {
    this.#seen.clear();
  }
}
