import { isIP } from 'node:net';
import { SectionCodecs, type VideoCodec } from './codecs.js';
import { checkDataChannels, type DataChannelPolicy } from './data-channels.js';
import { RelayError } from './errors.js';
import { checkCandidate } from './ice.js';
import { LIMITS } from './limits.js';
import type { Track } from './model.js';

/**
 * What the relay reads of a description (RFC 8866, RFC 8829): enough to know that the SFU will take it, and who
 * sends what. Where two readings are possible it takes the one that the SFU could take against us, or refuses.
 */
export interface SdpSection {
  index: number;
  kind: 'audio' | 'video' | 'application';
  mid: string;
  /** True unless the section says `recvonly` or `inactive`, once and exactly: without a word it is sendrecv. */
  sends: boolean;
  /** `a=msid` as sent, without the appdata `-` forms. */
  streamId: string | undefined;
  trackId: string | undefined;
  /** RIDs of `a=rid:… send`. */
  layers: string[];
  /** `a=candidate` lines, as `candidate:…`. */
  /** The payload types of the codec that the SFU forwards; undefined in a section that has or needs none. */
  payloads: ReadonlySet<string> | undefined;
}

const MEDIA_LINE =
  /^(audio|video|application) (\d{1,5}) (?:(?:UDP|RTP|AVPF?|SAVPF?|D?TLS|SCTP)\/?\b)+((?: [\w.+-]+)+)$/;
const CONNECTION = /^IN IP[46] ([0-9A-Fa-f.:]+)$/;
const BANDWIDTH = /^(?:CT|AS|X-[\w-]{1,32}):\d{1,15}$/;
const EXTMAP =
  /^(\d{1,3})(?:\/(?:sendrecv|sendonly|recvonly|inactive))? (?:urn:[\w:.+-]+|https?:\/\/[\w.-]+(?:\/[\w./#:+-]*)?)(?: .+)?$/;
/** By these the SFU knows Plan B, which it does not speak. */
const PLAN_B_MID = /^(?:audio|video|data)$/i;
const DIRECTIONS = new Set(['sendrecv', 'sendonly', 'recvonly', 'inactive']);
const FINGERPRINT = /^[A-Za-z0-9-]{3,16} [0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){15,63}$/;
const ICE_UFRAG = /^[A-Za-z0-9+/=_-]{4,256}$/;
const ICE_PWD = /^[A-Za-z0-9+/=_-]{22,256}$/;
/** In the value of `a=ssrc`, before the ids. */
const SOURCE_MSID = ' msid:';
const SETUP = /^(actpass|active|passive|holdconn)$/;
/** In this order (RFC 8866 § 5); `c=` and `b=` may be absent, and others are not for WebRTC (RFC 8829 § 5.2.1). */
const SESSION_LINES = 'voscbta';
const REPEATABLE = 'ba';

function invalid(what: string): RelayError {
  return new RelayError('ERR_RELAY_INVALID_SDP', `The SDP can't be used: ${what}.`);
}

/**
 * Reads an offer or answer, and refuses what would end the session's stream on the SFU.
 * @throws RelayError `ERR_RELAY_INVALID_SDP` with what is wrong, and in which section.
 */
export function parseSdp(sdp: unknown, videoCodec: VideoCodec = 'VP8'): Sdp {
  if (typeof sdp !== 'string' || sdp.length === 0) throw invalid('it is not a text');
  if (sdp.length > LIMITS.maxSdpLength) throw invalid(`it is longer than ${LIMITS.maxSdpLength} characters`);
  const lines = linesOf(sdp);
  const reader = new SdpReader(videoCodec);
  for (let index = 0; index < lines.length - 1; index += 1) reader.read(lines[index] ?? '');
  const { sections, iceCredentials } = reader.finish();
  return { sections, iceCredentials, lines };
}

/** Lines of the form "x=…", each ended. */
// Control characters, lone CRs and Unicode's line separators are where two parsers would read two different descriptions.
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is the point.
const WELL_FORMED = /^(?:[a-z]=[^\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]+\r?\n)+$/;
/** All of them ended by CRLF, as browsers write it, which is split at fastest. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
const WELL_FORMED_CRLF = /^(?:[a-z]=[^\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]+\r\n)+$/;

function linesOf(sdp: string): string[] {
  if (WELL_FORMED_CRLF.test(sdp)) return sdp.split('\r\n');
  if (WELL_FORMED.test(sdp)) return sdp.split(/\r?\n/);
  if (/[\u2028\u2029]/.test(sdp)) throw invalid('it has a line separator of Unicode (U+2028, U+2029)');
  const isEnded = sdp.endsWith('\n') || !WELL_FORMED.test(`${sdp}\n`);
  throw invalid(isEnded ? 'a line is not of the form "x=…"' : 'its last line has no end');
}

/** A description, as far as it is read. */
export interface Sdp {
  readonly sections: readonly SdpSection[];
  /** Those of all sections: with others ICE starts anew (RFC 8839 § 4.4.1.1.1). */
  readonly iceCredentials: string;
  /** Without their ends; the last one is empty. */
  readonly lines: readonly string[];
}

interface OpenSection extends SdpSection {
  directions: string[];
  codecs: SectionCodecs | undefined;
  /** The ids that `a=ssrc:… msid:` gives to a source, which the SFU prefers to those of `a=msid`. */
  sourceIds: Set<string>;
  /** Whether it is live: port 0 ends it, except in an offer with `a=bundle-only` (RFC 9143 § 6). */
  isLive: boolean;
  /** Whether it declares a source, by `a=ssrc`. */
  hasSource: boolean;
}

class SdpReader {
  readonly #videoCodec: VideoCodec;
  readonly #sections: SdpSection[] = [];
  readonly #mids = new Set<string>();
  #current: OpenSection | undefined;
  #order = -1;
  #seen = '';
  #ufrag: string | undefined;
  #pwd: string | undefined;
  #fingerprint: string | undefined;

  constructor(videoCodec: VideoCodec) {
    this.#videoCodec = videoCodec;
  }

  read(line: string): void {
    const type = line.charAt(0);
    const value = line.slice(2);
    if (type === 'm') this.#openSection(value);
    else if (!this.#current) this.#sessionLine(type, value);
    else if (!'icbka'.includes(type)) throw invalid(`${this.#where()} has a line "${type}="`);
    if (type === 'a') this.#attribute(value);
    if (type === 'c' && isIP(CONNECTION.exec(value)?.[1] ?? '') === 0)
      throw invalid(`${this.#where()} has a malformed "c="`);
    if (type === 'b' && !BANDWIDTH.test(value)) throw invalid(`${this.#where()} has a malformed "b="`);
  }

  finish(): Omit<Sdp, 'lines'> {
    this.#closeSection();
    for (const type of 'vost')
      if (!this.#seen.includes(type)) throw invalid(`the line "${type}=" is missing`);
    if (this.#sections.length === 0) throw invalid('it has no media section');
    if (!this.#ufrag || !this.#pwd) throw invalid('it has no ICE credentials (a=ice-ufrag, a=ice-pwd)');
    if (!this.#fingerprint) throw invalid('it has no DTLS fingerprint (a=fingerprint)');
    return { sections: this.#sections, iceCredentials: `${this.#ufrag} ${this.#pwd}` };
  }

  #sessionLine(type: string, value: string): void {
    const order = SESSION_LINES.indexOf(type);
    const repeated = order === this.#order && !REPEATABLE.includes(type);
    if (order < 0 || order < this.#order || repeated) throw invalid(`the line "${type}=" is out of place`);
    if (type === 'v' && value !== '0') throw invalid('its version is not 0');
    if (type === 'o' && !/^\S+ \d{1,20} \d{1,20} IN IP[46] \S+$/.test(value))
      throw invalid('its origin "o=" is malformed');
    if (type === 't' && !/^\d{1,20} \d{1,20}$/.test(value)) throw invalid('its timing "t=" is malformed');
    this.#order = order;
    this.#seen += type;
  }

  #openSection(value: string): void {
    this.#closeSection();
    const index = this.#sections.length;
    const [, kind, port, formats = ''] = MEDIA_LINE.exec(value) ?? [];
    if (!kind) throw invalid(`section ${index} is neither audio, video nor application over RTP or SCTP`);
    if (Number(port) > 65535) throw invalid(`section ${index} has a port out of range`);
    this.#current = {
      index,
      kind: kind as SdpSection['kind'],
      mid: '',
      sends: true,
      streamId: undefined,
      trackId: undefined,
      layers: [],
      payloads: undefined,
      isLive: Number(port) !== 0,
      directions: [],
      codecs:
        kind === 'application'
          ? undefined
          : new SectionCodecs(kind === 'audio' ? 'opus' : this.#videoCodec, formats.trim().split(' ')),
      sourceIds: new Set(),
      hasSource: false,
    };
  }

  #closeSection(): void {
    const section = this.#current;
    if (!section) return;
    if (section.mid === '') throw invalid(`${this.#where()} has no a=mid`);
    const [direction, ...more] = section.directions;
    section.sends = more.length > 0 || !(direction === 'recvonly' || direction === 'inactive');
    const isRejected = !section.isLive && direction === 'inactive' && !section.hasSource;
    if (section.codecs && !isRejected) {
      const fault = section.codecs.fault();
      if (fault) throw invalid(`${this.#where()} ${fault}`);
      section.payloads = section.codecs.forwarded;
    }
    const ids = `${section.streamId} ${section.trackId}`;
    if (section.sends && [...section.sourceIds].some((each) => each !== ids))
      throw invalid(`${this.#where()} has an a=ssrc whose msid is not that of its a=msid`);
    this.#sections.push(section);
    this.#current = undefined;
  }

  #attribute(attribute: string): void {
    const colon = attribute.indexOf(':');
    const name = colon < 0 ? attribute : attribute.slice(0, colon);
    const value = colon < 0 ? '' : attribute.slice(colon + 1);
    const section = this.#current;
    switch (name) {
      case 'ice-ufrag':
        if (!ICE_UFRAG.test(value)) throw invalid(`${this.#where()} has a malformed a=ice-ufrag`);
        this.#ufrag = this.#same(this.#ufrag, value, name);
        return;
      case 'ice-pwd':
        if (!ICE_PWD.test(value)) throw invalid(`${this.#where()} has a malformed a=ice-pwd`);
        this.#pwd = this.#same(this.#pwd, value, name);
        return;
      case 'fingerprint':
        if (!FINGERPRINT.test(value)) throw invalid(`${this.#where()} has a malformed a=fingerprint`);
        this.#fingerprint = this.#same(this.#fingerprint, value, name);
        return;
      case 'rtpmap':
      case 'fmtp':
      case 'rtcp-fb': {
        const fault = section?.codecs?.read(name, value);
        if (fault) throw invalid(`${this.#where()} ${fault}`);
        return;
      }
      case 'ssrc': {
        if (section) section.hasSource = true;
        const start = value.indexOf(SOURCE_MSID);
        if (start >= 0) section?.sourceIds.add(value.slice(start + SOURCE_MSID.length));
        return;
      }
      case 'extmap': {
        const id = Number(EXTMAP.exec(value)?.[1]);
        if (!(id >= 1 && id <= 246)) throw invalid(`${this.#where()} has a malformed a=extmap`);
        return;
      }
      case 'setup':
        if (!SETUP.test(value)) throw invalid(`${this.#where()} has a malformed a=setup`);
        return;
      case 'candidate':
        checkCandidate(attribute);
        return;
      case 'bundle-only':
        if (section) section.isLive = true;
        return;
      case 'mid':
        if (section?.mid !== '' || !/^[\w.+-]{1,32}$/.test(value) || this.#mids.has(value))
          throw invalid(`${this.#where()} has a malformed or repeated a=mid`);
        if (PLAN_B_MID.test(value)) throw invalid(`${this.#where()} has an a=mid of Plan B`);
        this.#mids.add(value);
        section.mid = value;
        return;
      case 'msid':
        if (section) this.#msid(section, value);
        return;
      case 'rid':
        if (section) this.#rid(section, value);
        return;
      default:
        if (section && DIRECTIONS.has(name)) section.directions.push(attribute);
    }
  }

  #msid(section: SdpSection, value: string): void {
    const [streamId = '', trackId = '', ...more] = value.split(' ');
    const sound = (id: string) => id.length > 0 && id.length <= LIMITS.maxIdLength;
    if (more.length > 0 || !sound(streamId) || !sound(trackId))
      throw invalid(`${this.#where()} has a malformed a=msid (wanted: a=msid:<stream> <track>)`);
    if (section.trackId !== undefined) throw invalid(`${this.#where()} has more than one a=msid`);
    section.streamId = streamId;
    section.trackId = trackId;
  }

  #rid(section: SdpSection, value: string): void {
    const [rid = '', direction] = value.split(' ');
    if (!/^[A-Za-z0-9_-]{1,32}$/.test(rid)) throw invalid(`${this.#where()} has a malformed a=rid`);
    if (direction !== 'send') return;
    if (section.layers.length >= 4) throw invalid(`${this.#where()} has more than four layers`);
    section.layers.push(rid);
  }

  /** The SFU bundles all sections into one transport, and refuses a description that has two. */
  #same(before: string | undefined, value: string, name: string): string {
    if (before !== undefined && before !== value)
      throw invalid(
        `its sections differ in a=${name}; set bundlePolicy: 'max-bundle' on the peer connection`,
      );
    return value;
  }

  #where(): string {
    const section = this.#current;
    return section ? `section ${section.index} (${section.kind})` : 'the session part';
  }
}

/** What an offer may carry. */
export interface OfferPolicy extends DataChannelPolicy {
  /** Kinds that may be sent; none for a viewer. */
  kinds: ReadonlySet<Track['kind']>;
  maxTracks: number;
}

function forbidden(message: string): RelayError {
  return new RelayError('ERR_RELAY_FORBIDDEN', message);
}

/**
 * Reads a publisher connection's offer and holds it against what its session may do.
 * @returns the tracks that it publishes.
 * @throws RelayError `ERR_RELAY_FORBIDDEN` that names the section, or `ERR_RELAY_INVALID_SDP`.
 */
export function checkOffer(sections: readonly SdpSection[], policy: OfferPolicy): Track[] {
  if (sections.length > LIMITS.maxSdpSections)
    throw invalid(`it has more than ${LIMITS.maxSdpSections} media sections`);
  const tracks: Track[] = [];
  for (const { index, kind, sends, streamId, trackId, layers } of sections) {
    const where = `section ${index} (${kind}) of the offer`;
    if (kind === 'application') {
      checkDataChannels(policy, where);
      continue;
    }
    if (!sends) continue;
    if (!policy.kinds.has(kind)) {
      throw forbidden(
        `This session may not publish${policy.kinds.size > 0 ? ` ${kind}` : ''}: ${where} sends.`,
      );
    }
    if (tracks.length >= policy.maxTracks)
      throw forbidden(`This session may publish ${policy.maxTracks} tracks: ${where} is one too many.`);
    if (streamId === undefined || trackId === undefined)
      throw invalid(`section ${index} (${kind}) sends, but has no a=msid:<stream> <track>`);
    if (tracks.some((track) => track.trackId === trackId)) throw invalid(`it has the track ${trackId} twice`);
    tracks.push({ trackId, streamId, kind, layers, muted: false });
  }
  return tracks;
}

/** The tracks of an offer, as far as its session may publish them by now. */
export function permittedTracks(sections: readonly SdpSection[], { kinds, maxTracks }: OfferPolicy): Track[] {
  const tracks: Track[] = [];
  for (const { kind, sends, streamId, trackId, layers } of sections) {
    if (!sends || kind === 'application' || !kinds.has(kind) || tracks.length >= maxTracks) continue;
    if (streamId !== undefined && trackId !== undefined)
      tracks.push({ trackId, streamId, kind, layers, muted: false });
  }
  return tracks;
}

/**
 * An answer has the sections of its offer, in its order (RFC 8829 § 5.3.1).
 * @throws RelayError `ERR_RELAY_INVALID_SDP`
 */
export function checkAnswer(sections: readonly SdpSection[], offer: string): void {
  const answered = sections.map(({ kind, mid }) => `${kind} ${mid}`);
  const offered = [...offer.matchAll(/^m=(\w+) |^a=mid:(\S+)/gm)].map(([, kind, mid]) => kind ?? mid);
  if (answered.join(' ') !== offered.join(' '))
    throw invalid("its sections are not those of the SFU's offer, in their order");
}
