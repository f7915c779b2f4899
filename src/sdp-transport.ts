import { invalidSdp } from './sdp-lines.js';

const ICE_UFRAG = /^[!-9;-~]{1,256}$/;
const ICE_PWD = /^[!-~]{1,256}$/;
const FINGERPRINT = /^[ \t]*([A-Za-z0-9-]{3,16})[ \t]+([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){15,63})[ \t]*$/;
/** The algorithms that the SFU knows, the best known one first. */
const ALGORITHMS = ['sha-256', 'sha-384', 'sha-512', 'sha-224', 'sha-1', 'md5'];
const ADVICE = "set bundlePolicy: 'max-bundle' on the peer connection";

/**
 * ICE credentials and DTLS fingerprints of all parts of a description. The SFU bundles all sections into one transport,
 * and refuses a description that has two.
 */
export class Transport {
  #ufrag: string | undefined;
  #pwd: string | undefined;
  /** Fingerprints of the part that is being read. */
  #own: string[] = [];
  /** Fingerprints that all parts have which have any; undefined before the first of them. */
  #common: string[] | undefined;
  #hasMalformed = false;

  setUfrag(value: string, where: string): void {
    if (!ICE_UFRAG.test(value)) throw invalidSdp(`${where} has a malformed a=ice-ufrag`);
    this.#ufrag = same(this.#ufrag, value, 'ice-ufrag');
  }

  setPwd(value: string, where: string): void {
    if (!ICE_PWD.test(value)) throw invalidSdp(`${where} has a malformed a=ice-pwd`);
    this.#pwd = same(this.#pwd, value, 'ice-pwd');
  }

  /**
   * One certificate may have several fingerprints, one for each algorithm (RFC 8122 § 5), of which the SFU reads the first.
   * @returns whether it is the first one of its part that can be used
   */
  addFingerprint(value: string): boolean {
    const [, algorithm, digest] = FINGERPRINT.exec(value) ?? [];
    if (!algorithm || !digest || !ALGORITHMS.includes(algorithm.toLowerCase())) {
      this.#hasMalformed = true;
      return false;
    }
    return this.#own.push(`${algorithm.toLowerCase()} ${digest.toUpperCase()}`) === 1;
  }

  /** The session part, or a section, has been read. */
  endPart(): void {
    if (this.#own.length === 0) return;
    const common = this.#common?.filter((each) => this.#own.includes(each)) ?? this.#own;
    if (common.length === 0) throw differ('fingerprint');
    this.#common = common;
    this.#own = [];
  }

  get iceCredentials(): string {
    if (!this.#ufrag || !this.#pwd) throw invalidSdp('it has no ICE credentials (a=ice-ufrag, a=ice-pwd)');
    return `${this.#ufrag} ${this.#pwd}`;
  }

  /** The one that the SFU gets to see. */
  get fingerprint(): string {
    const known = this.#common ?? [];
    for (const algorithm of ALGORITHMS) {
      const found = known.find((each) => each.startsWith(`${algorithm} `));
      if (found) return found;
    }
    throw invalidSdp(
      this.#hasMalformed
        ? `its a=fingerprint is malformed, or of an algorithm other than ${ALGORITHMS.join(', ')}`
        : 'it has no DTLS fingerprint (a=fingerprint)',
    );
  }
}

function same(before: string | undefined, value: string, name: string): string {
  if (before !== undefined && before !== value) throw differ(name);
  return value;
}

function differ(name: string) {
  return invalidSdp(`its sections differ in a=${name}; ${ADVICE}`);
}
