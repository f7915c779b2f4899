import { invalidSdp } from './sdp-lines.js';

const ICE_UFRAG = /^[!-9;-~]{1,256}$/;
const ICE_PWD = /^[!-~]{1,256}$/;
const FINGERPRINT = /^[ \t]*([A-Za-z0-9-]{3,16})[ \t]+([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){15,63})[ \t]*$/;
/** The spelling of nearly every client. */
const PLAIN_FINGERPRINT = /^sha-256 [0-9A-F]{2}(?::[0-9A-F]{2}){31}$/;
/** The algorithms that the SFU knows, the most common one first. */
const ALGORITHMS = ['sha-256', 'sha-384', 'sha-512', 'sha-224', 'sha-1', 'md5'];
const ADVICE = "set bundlePolicy: 'max-bundle' on the peer connection";

/** The part that is being parsed, as named in errors. */
export interface Part {
  readonly where: string;
}

/**
 * ICE credentials and DTLS fingerprints of all parts of a description. The SFU bundles all sections into one transport, and
 * refuses a description with two.
 */
export class Transport {
  #ufrag: string | undefined;
  #pwd: string | undefined;
  /** ICE credentials of the part that is being parsed. */
  #ownUfrag: string | undefined;
  #ownPwd: string | undefined;
  /** ICE credentials and fingerprints of the first rejected section, for a description without any other. */
  #unused: string | undefined;
  #unusedFingerprints: string[] | undefined;
  /** Fingerprints of the part that is being parsed. */
  #own: string[] = [];
  /** The fingerprints common to all parts with fingerprints; undefined before the first one. */
  #common: string[] | undefined;
  #hasMalformed = false;
  /** The last one as written: all sections share it. */
  #written: string | undefined;
  #read = '';

  setUfrag(value: string, part: Part): void {
    const ufrag = value.trim();
    if (!ICE_UFRAG.test(ufrag)) throw invalidSdp(`${part.where} has a malformed a=ice-ufrag`);
    this.#ownUfrag = same(this.#ownUfrag, ufrag, 'ice-ufrag');
  }

  setPwd(value: string, part: Part): void {
    const pwd = value.trim();
    if (!ICE_PWD.test(pwd)) throw invalidSdp(`${part.where} has a malformed a=ice-pwd`);
    this.#ownPwd = same(this.#ownPwd, pwd, 'ice-pwd');
  }

  /**
   * A certificate may have several fingerprints, one for each algorithm (RFC 8122 § 5); the SFU uses the first one.
   * @returns whether it is the first usable one of its part
   */
  addFingerprint(value: string): boolean {
    if (value !== this.#written) {
      const read = PLAIN_FINGERPRINT.test(value) ? value : readFingerprint(value);
      if (read === undefined) {
        this.#hasMalformed = true;
        return false;
      }
      this.#written = value;
      this.#read = read;
    }
    return this.#own.push(this.#read) === 1;
  }

  /**
   * The session part or a section is complete.
   * @param isRejected it has port 0, so that its transport has no meaning: Chromium writes other ICE credentials there when it restarts ICE
   */
  endPart(isRejected = false): void {
    const ufrag = this.#ownUfrag;
    const pwd = this.#ownPwd;
    const own = this.#own;
    this.#ownUfrag = this.#ownPwd = undefined;
    if (own.length > 0) this.#own = [];
    if (isRejected) {
      if (ufrag && pwd) this.#unused ??= `${ufrag} ${pwd}`;
      this.#unusedFingerprints ??= own;
      return;
    }
    if (ufrag) this.#ufrag = same(this.#ufrag, ufrag, 'ice-ufrag');
    if (pwd) this.#pwd = same(this.#pwd, pwd, 'ice-pwd');
    if (own.length === 0) return;
    const common = this.#common ?? own;
    if (own.length === 1 && common.length === 1 && own[0] === common[0]) this.#common = common;
    else this.#common = common.filter((each) => own.includes(each));
    if (this.#common.length === 0) throw differ('fingerprint');
  }

  get iceCredentials(): string {
    const credentials = this.#ufrag && this.#pwd ? `${this.#ufrag} ${this.#pwd}` : this.#unused;
    if (!credentials) throw invalidSdp('it has no ICE credentials (a=ice-ufrag, a=ice-pwd)');
    return credentials;
  }

  /** The fingerprint for the SFU. */
  get fingerprint(): string {
    const known = this.#common ?? this.#unusedFingerprints ?? [];
    if (known.length === 1 && known[0] !== undefined) return known[0];
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

function readFingerprint(value: string): string | undefined {
  const [, algorithm = '', digest = ''] = FINGERPRINT.exec(value) ?? [];
  const known = ALGORITHMS.find((each) => each === algorithm.toLowerCase());
  return known && `${known} ${digest.toUpperCase()}`;
}

function same(before: string | undefined, value: string, name: string): string {
  if (before !== undefined && before !== value) throw differ(name);
  return value;
}

function differ(name: string) {
  return invalidSdp(`its sections differ in a=${name}; ${ADVICE}`);
}
