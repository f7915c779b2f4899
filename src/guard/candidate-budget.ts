import { LIMITS } from '../protocol/limits.js';

/**
 * Limits the remote candidates of a client. The SFU sends STUN requests to each, checks every pair, compares each new one with all
 * others, and has no limit of its own.
 */
export class CandidateBudget {
  /** A short list. Most sessions are viewers, whose publisher connection never gets any candidate. */
  #seen: string[] | undefined;

  /**
   * A known candidate, such as one that a description repeats, costs nothing.
   * @returns false if the limit is reached
   */
  spend(candidate: string): boolean {
    const place = placeOf(candidate);
    if (place === undefined) return true;
    this.#seen ??= [];
    if (this.#seen.includes(place)) return true;
    if (this.#seen.length >= LIMITS.maxCandidates) return false;
    // A copy: the concatenated substrings would keep the whole candidate in memory.
    this.#seen.push(Buffer.from(place).toString());
    return true;
  }

  /** ICE restarts. */
  renew(): void {
    this.#seen = undefined;
  }
}

/**
 * The parts by which the SFU distinguishes candidates, of `candidate:<foundation> <component> <transport> <priority> <address> <port> typ
 * <type> [raddr <address> rport <port> | tcptype <type>] …`: all but the foundation, the component, the priority and
 * what follows.
 */
function placeOf(candidate: string): string | undefined {
  const component = candidate.indexOf(' ') + 1;
  const transport = candidate.indexOf(' ', component) + 1;
  const priority = candidate.indexOf(' ', transport) + 1;
  const address = candidate.indexOf(' ', priority) + 1;
  const type = candidate.indexOf(' typ ', address) + 1;
  // An empty candidate marks the end of candidates.
  if (component === 0 || type === 0) return undefined;
  const extensions = skipWords(candidate, type, 2);
  let end = extensions;
  if (candidate.startsWith('raddr ', extensions)) end = skipWords(candidate, extensions, 4);
  else if (candidate.startsWith('tcptype ', extensions)) end = skipWords(candidate, extensions, 2);
  return candidate.slice(transport, priority) + candidate.slice(address, end).trimEnd();
}

/** The position after this number of words. */
function skipWords(text: string, start: number, count: number): number {
  let position = start;
  for (let word = 0; word < count; word += 1) {
    const space = text.indexOf(' ', position);
    if (space < 0) return text.length;
    position = space + 1;
  }
  return position;
}
