import { LIMITS } from '../protocol/limits.js';
import type { VideoCodec } from './codecs.js';
import { invalidSdp, linesOf } from './sdp-lines.js';
import { FINGERPRINT, ICE_PWD, ICE_UFRAG, type SdpSection, SectionReader } from './sdp-section.js';
import { Transport } from './sdp-transport.js';

/**
 * A parsed description (RFC 8866, RFC 8829): enough to know that the SFU will accept it, and which media is sent. Lines that the
 * SFU can't parse and does not need are removed; ambiguous lines are rewritten, so that the SFU parses them as the relay does.
 */
export interface Sdp {
  readonly sections: readonly SdpSection[];
  /** The credentials of all sections; different ones restart ICE (RFC 8839 § 4.4.1.1.1). */
  readonly iceCredentials: string;
  /** The lines before the first section. */
  readonly head: readonly string[];
  /** The value of the one `a=fingerprint` that all sections share. */
  readonly fingerprint: string;
}

/** The required lines of the session part, in order. */
const REQUIRED = 'vost';
/** Lines that the SFU ignores. */
const IGNORED = 'iuepcbrzk';
const ORIGIN = /^\S+ \d{1,20} \d{1,20} IN IP[46] \S+$/;
const TIMING = /^\d{1,20} \d{1,20}$/;
const SESSION_PART = { where: 'the session part' };

/**
 * Parses an offer or answer, and refuses what would end the session's stream on the SFU.
 * @throws RelayError `ERR_RELAY_INVALID_SDP` with what is wrong, and in which section.
 */
export function parseSdp(sdp: unknown, videoCodec: VideoCodec = 'VP8'): Sdp {
  if (typeof sdp !== 'string' || sdp.length === 0) throw invalidSdp('it is not a text');
  if (sdp.length > LIMITS.maxSdpLength)
    throw invalidSdp(`it is longer than ${LIMITS.maxSdpLength} characters`);
  const reader = new SdpReader(videoCodec);
  for (const line of linesOf(sdp)) reader.read(line);
  return reader.finish();
}

class SdpReader {
  readonly #videoCodec: VideoCodec;
  readonly #sections: SdpSection[] = [];
  readonly #mids = new Set<string>();
  readonly #transport = new Transport();
  readonly #head: string[] = [];
  #current: SectionReader | undefined;
  /** How many of the required lines have been read. */
  #required = 0;

  constructor(videoCodec: VideoCodec) {
    this.#videoCodec = videoCodec;
  }

  read(line: string): void {
    if (line.charAt(0) === 'm') this.#openSection(line.slice(2));
    else if (this.#current) this.#current.read(line);
    else this.#sessionLine(line, line.slice(2));
  }

  finish(): Sdp {
    this.#closePart();
    if (this.#sections.length === 0) throw invalidSdp('it has no media section');
    const { iceCredentials, fingerprint } = this.#transport;
    return { sections: this.#sections, head: this.#head, iceCredentials, fingerprint };
  }

  #sessionLine(line: string, value: string): void {
    const type = line.charAt(0);
    if (REQUIRED.includes(type)) this.#requiredLine(type, line, value);
    else if (type === 'a') {
      this.#checkRequired();
      this.#attribute(line, value);
    } else if (!IGNORED.includes(type)) throw invalidSdp(`the line "${type}=" is out of place`);
  }

  #requiredLine(type: string, line: string, value: string): void {
    // Further `t=` lines are allowed and ignored.
    if (type === 't' && this.#required === REQUIRED.length) return;
    const place = REQUIRED.indexOf(type);
    if (place > this.#required) this.#checkRequired();
    if (place < this.#required) throw invalidSdp(`the line "${type}=" is out of place`);
    if (type === 'v' && value.trim() !== '0') throw invalidSdp('its version is not 0');
    this.#required += 1;
    this.#head.push(isSound(type, value) ? line : `${type}=${SOUND[type] ?? ''}`);
  }

  #checkRequired(): void {
    const missing = REQUIRED.charAt(this.#required);
    if (missing) throw invalidSdp(`the line "${missing}=" is missing, or out of place`);
  }

  #attribute(line: string, attribute: string): void {
    const colon = attribute.indexOf(':');
    const value = colon < 0 ? '' : attribute.slice(colon + 1);
    switch (colon < 0 ? attribute : attribute.slice(0, colon)) {
      case 'ice-ufrag':
        this.#transport.setUfrag(value, SESSION_PART);
        this.#head.push(ICE_UFRAG);
        return;
      case 'ice-pwd':
        this.#transport.setPwd(value, SESSION_PART);
        this.#head.push(ICE_PWD);
        return;
      case 'fingerprint':
        if (this.#transport.addFingerprint(value)) this.#head.push(FINGERPRINT);
        return;
      // The SFU reads only those of sections.
      case 'candidate':
        return;
      default:
        this.#head.push(line);
    }
  }

  #openSection(media: string): void {
    this.#closePart();
    const index = this.#sections.length;
    this.#current = new SectionReader(index, media, this.#videoCodec, this.#mids, this.#transport);
  }

  #closePart(): void {
    if (this.#current) {
      this.#sections.push(this.#current.finish());
      return;
    }
    this.#checkRequired();
    this.#transport.endPart();
  }
}

/** Replacements of malformed required lines that the SFU parses and ignores. */
const SOUND: Readonly<Record<string, string>> = {
  v: '0',
  o: '- 0 0 IN IP4 0.0.0.0',
  s: '-',
  t: '0 0',
};

function isSound(type: string, value: string): boolean {
  if (type === 'o') return ORIGIN.test(value);
  if (type === 't') return TIMING.test(value);
  return type === 's' ? value !== '' : value === '0';
}
