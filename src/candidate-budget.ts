import { RelayError } from './errors.js';
import { LIMITS } from './limits.js';

/**
 * How many places a client may point the SFU to. It sends a STUN request to each of them, checks every pair they
 * make, and has no limit of its own.
 */
export class CandidateBudget {
  /** A list, as they are few. Most sessions are viewers, whose publisher connection never gets any. */
  #seen: string[] | undefined;

  /**
   * A candidate that is known already, as a description repeats it, costs nothing.
   * @throws RelayError `ERR_RELAY_TOO_MANY`
   */
  spend(candidate: string): void {
    const place = placeOf(candidate);
    if (place === undefined) return;
    this.#seen ??= [];
    if (this.#seen.includes(place)) return;
    if (this.#seen.length >= LIMITS.maxCandidates)
      throw new RelayError(
        'ERR_RELAY_TOO_MANY',
        `More than ${LIMITS.maxCandidates} candidates for one connection.`,
      );
    // Copied: it would hold the whole candidate in memory, of which it is two pieces.
    this.#seen.push(Buffer.from(place).toString());
  }

  /** ICE starts anew. */
  renew(): void {
    this.#seen = undefined;
  }
}

/** Transport, address and port of `candidate:<foundation> <component> <transport> <priority> <address> <port> …`. */
function placeOf(candidate: string): string | undefined {
  const component = candidate.indexOf(' ') + 1;
  const transport = candidate.indexOf(' ', component) + 1;
  const priority = candidate.indexOf(' ', transport) + 1;
  const address = candidate.indexOf(' ', priority) + 1;
  const port = candidate.indexOf(' ', address) + 1;
  // An empty one says that there are no more.
  if (component === 0 || port === 0) return undefined;
  const end = candidate.indexOf(' ', port);
  return candidate.slice(transport, priority) + candidate.slice(address, end < 0 ? undefined : end);
}
