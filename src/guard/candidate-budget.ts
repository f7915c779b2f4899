import { LIMITS } from '../protocol/limits.js';

/**
 * How many remote candidates a client may give to the SFU. It sends STUN requests to each of them, checks every pair they
 * make, compares each new one with all of them, and has no limit of its own.
 */
export class CandidateBudget {
  /** A list, as they are few. Most sessions are viewers, whose publisher connection never gets any. */
  #seen: string[] | undefined;

  /**
   * A candidate that is known already, as a description repeats it, costs nothing.
   * @returns false where the client has given as many as it may
   */
  spend(candidate: string): boolean {
    const place = placeOf(candidate);
    if (place === undefined) return true;
    this.#seen ??= [];
    if (this.#seen.includes(place)) return true;
    if (this.#seen.length >= LIMITS.maxCandidates) return false;
    // Copied: it would hold the whole candidate in memory, of which it is two pieces.
    this.#seen.push(Buffer.from(place).toString());
    return true;
  }

  /** ICE starts anew. */
  renew(): void {
    this.#seen = undefined;
  }
}

/**
 * What the SFU tells candidates apart by, of `candidate:<foundation> <component> <transport> <priority> <address> <port> typ
 * <type> [raddr <address> rport <port> | tcptype <type>] …`: all but the foundation, the component, the priority and
 * what follows.
 */
function placeOf(candidate: string): string | undefined {
  const component = candidate.indexOf(' ') + 1;
  const transport = candidate.indexOf(' ', component) + 1;
  const priority = candidate.indexOf(' ', transport) + 1;
  const address = candidate.indexOf(' ', priority) + 1;
  const type = candidate.indexOf(' typ ', address) + 1;
  // An empty one says that there are no more.
  if (component === 0 || type === 0) return undefined;
  const extensions = skipWords(candidate, type, 2);
  let end = extensions;
  if (candidate.startsWith('raddr ', extensions)) end = skipWords(candidate, extensions, 4);
  else if (candidate.startsWith('tcptype ', extensions)) end = skipWords(candidate, extensions, 2);
  return candidate.slice(transport, priority) + candidate.slice(address, end).trimEnd();
}

/** Where the text goes on after so many words. */
function skipWords(text: string, start: number, count: number): number {
  let position = start;
  for (let word = 0; word < count; word += 1) {
    const space = text.indexOf(' ', position);
    if (space < 0) return text.length;
    position = space + 1;
  }
  return position;
}
