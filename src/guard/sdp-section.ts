import { isIP } from 'node:net';
import { LIMITS } from '../protocol/limits.js';
import { SectionCodecs, type VideoCodec } from './codecs.js';
import { readCandidate } from './ice-candidate.js';
import { invalidSdp } from './sdp-lines.js';
import type { Transport } from './sdp-transport.js';

/** One media section of a description, with its lines for the SFU. */
export interface SdpSection {
  index: number;
  kind: 'audio' | 'video' | 'application';
  mid: string;
  /** False only for exactly one `recvonly` or `inactive`; the default direction is sendrecv. */
  sends: boolean;
  /** From `a=ssrc:… msid:`, else from `a=msid`, as the SFU parses them; undefined where neither has both ids. */
  streamId: string | undefined;
  trackId: string | undefined;
  /** RIDs of `a=rid:… send`. */
  layers: string[];
  /** Whether it has the codec that the SFU forwards: false in a section for data channels, and in a rejected one. */
  hasCodec: boolean;
  /** The lines after `m=`, of the forwarded codec alone; {@link MSID} and those of the transport are placeholders. */
  lines: string[];
  /** The value of `m=`, with the payload types of the forwarded codec alone. */
  media: string;
}

/** The placeholder of `a=msid`: the relay may assign other ids. */
export const MSID = 'a=msid:';
/** The placeholders of the one transport for the SFU. */
export const FINGERPRINT = 'a=fingerprint:';
export const ICE_UFRAG = 'a=ice-ufrag:';
export const ICE_PWD = 'a=ice-pwd:';

const MEDIA =
  /^(audio|video|application) (\d{1,5})(?:\/\d{1,5})? ((?:(?:UDP|RTP|AVPF?|SAVPF?|D?TLS|SCTP)\/?\b)+(?: [\w.+-]+)+)$/;
const WHITE_SPACE = /[ \t]+/g;
const CONNECTION = /^c=IN IP[46] ([0-9A-Fa-f.:]+)$/;
const BANDWIDTH = /^b=(?:CT|AS|X-[\w-]{1,32}):\d{1,15}$/;
const EXTMAP =
  /^\d{1,3}(?:\/(?:sendrecv|sendonly|recvonly|inactive))? (?:urn:[\w:.+-]+|https?:\/\/[\w.-]+(?:\/[\w./#:+-]*)?)(?: .+)?$/;
/** A group can name it. */
const MID = /^\S{1,128}$/;
/** The SFU recognizes Plan B, which it does not support, by these. */
const PLAN_B_MID = /^(?:audio|video|data)$/i;
const DIRECTIONS = new Set(['sendrecv', 'sendonly', 'recvonly', 'inactive']);
const SETUP = /^(?:actpass|active|passive|holdconn)$/;
const RID = /^[!-~]{1,32}$/;
const SOURCE = /^\d{1,10}$/;

const CODEC_LINE = /^a=(?:rtpmap|fmtp|rtcp-fb):/;

/** Parses one section, starting with the value of its `m=`. */
export class SectionReader {
  readonly #section: SdpSection;
  readonly #codecs: SectionCodecs | undefined;
  readonly #mids: Set<string>;
  readonly #transport: Transport;
  /** Directions exactly as written, without duplicates. */
  readonly #directions: string[] = [];
  /** Port 0 rejects a section, except in an offer with `a=bundle-only` (RFC 9143 § 6). */
  #isLive: boolean;
  /** The first ids of `a=ssrc`, which the SFU prefers to those of `a=msid`. */
  #sourceIds: string | undefined;
  #hasMsidPlace = false;
  /** The sources declared by `a=ssrc`, and whether one of their lines is kept. */
  #sources: Map<string, boolean> | undefined;

  constructor(index: number, media: string, codec: VideoCodec, mids: Set<string>, transport: Transport) {
    const match = MEDIA.exec(media) ?? MEDIA.exec(media.trim().replace(WHITE_SPACE, ' '));
    const [, kind, port, rest = ''] = match ?? [];
    if (!kind) throw invalidSdp(`section ${index} is neither audio, video nor application over RTP or SCTP`);
    if (Number(port) > 65535) throw invalidSdp(`section ${index} has a port out of range`);
    this.#mids = mids;
    this.#transport = transport;
    this.#isLive = Number(port) !== 0;
    this.#section = {
      index,
      kind: kind as SdpSection['kind'],
      mid: '',
      sends: true,
      streamId: undefined,
      trackId: undefined,
      layers: [],
      hasCodec: false,
      lines: [],
      media: `${kind} ${port} ${rest}`,
    };
    if (kind !== 'application')
      this.#codecs = new SectionCodecs(kind === 'audio' ? 'opus' : codec, rest.split(' ').slice(1));
  }

  read(line: string): void {
    switch (line.charAt(0)) {
      case 'a':
        this.#attribute(line);
        return;
      case 'c':
        if (isIP(CONNECTION.exec(line)?.[1] ?? '') !== 0) this.#keep(line);
        return;
      case 'b':
        if (BANDWIDTH.test(line)) this.#keep(line);
        return;
      case 'i':
      case 'k':
        return;
      default:
        throw invalidSdp(`${this.where} has a line "${line.charAt(0)}="`);
    }
  }

  finish(): SdpSection {
    const section = this.#section;
    if (section.mid === '') throw invalidSdp(`${this.where} has no a=mid`);
    this.#transport.endPart(!this.#isLive);
    const [direction, ...more] = this.#directions;
    section.sends = more.length > 0 || !(direction === 'recvonly' || direction === 'inactive');
    // The SFU skips a section without it.
    if (direction === undefined && this.#codecs) this.#keep('a=sendrecv');
    const isRejected = !this.#isLive && direction === 'inactive' && !this.#sources;
    if (this.#codecs && !isRejected) {
      if (this.#codecs.forwarded.size === 0)
        throw invalidSdp(`${this.where} does not offer ${this.#codecs.codec}, the codec that all use here`);
      this.#limitTo(this.#codecs);
    }
    this.#nameTrack();
    return section;
  }

  /**
   * A peer connection of Ion knows only the codecs of its first description: a track with another codec disconnects every viewer
   * with an older connection. So all publishers use the same codec.
   */
  #limitTo(codecs: SectionCodecs): void {
    const section = this.#section;
    section.hasCodec = true;
    section.lines = section.lines.filter(
      (line) => !CODEC_LINE.test(line) || codecs.forwards(line.slice(line.indexOf(':') + 1)),
    );
    const [kind, port, protocol] = section.media.split(' ', 3);
    section.media = `${kind} ${port} ${protocol} ${[...codecs.forwarded].join(' ')}`;
  }

  #keep(line: string): void {
    this.#section.lines.push(line);
  }

  #attribute(line: string): void {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line.slice(2) : line.slice(2, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1);
    switch (name) {
      case 'ice-ufrag':
        this.#transport.setUfrag(value, this);
        this.#keep(ICE_UFRAG);
        return;
      case 'ice-pwd':
        this.#transport.setPwd(value, this);
        this.#keep(ICE_PWD);
        return;
      case 'fingerprint':
        if (this.#transport.addFingerprint(value)) this.#keep(FINGERPRINT);
        return;
      case 'rtpmap':
      case 'fmtp':
      case 'rtcp-fb':
        if (this.#readsCodec(name, value)) this.#keep(line);
        return;
      case 'ssrc':
        this.#source(line, value);
        return;
      case 'extmap': {
        const id = EXTMAP.test(value) ? Number.parseInt(value, 10) : 0;
        if (id >= 1 && id <= 246) this.#keep(line);
        return;
      }
      case 'setup':
        if (SETUP.test(value)) this.#keep(line);
        return;
      case 'candidate': {
        const candidate = readCandidate(line.slice(2));
        if (candidate) this.#keep(`a=${candidate}`);
        return;
      }
      case 'bundle-only':
        this.#isLive = true;
        this.#keep(line);
        return;
      case 'mid':
        this.#mid(line, value);
        return;
      case 'msid':
        this.#msid(value);
        return;
      case 'rid':
        this.#rid(line, value);
        return;
      default:
        if (DIRECTIONS.has(name)) this.#directions.push(line.slice(2));
        this.#keep(line);
    }
  }

  /** Returns whether the line is kept. Most lines of a browser describe codecs that are not forwarded. */
  #readsCodec(name: 'rtpmap' | 'fmtp' | 'rtcp-fb', value: string): boolean {
    const codecs = this.#codecs;
    if (!codecs) return true;
    // A section that is still rejected keeps all its codecs.
    return codecs.read(name, value) && !(this.#isLive && codecs.describesAnother(value));
  }

  /** The SFU uses the first one. */
  #mid(line: string, value: string): void {
    if (this.#section.mid !== '') return;
    const mid = value.trim();
    if (!MID.test(mid) || this.#mids.has(mid))
      throw invalidSdp(`${this.where} has a malformed or repeated a=mid`);
    if (PLAN_B_MID.test(mid)) throw invalidSdp(`${this.where} has an a=mid of Plan B`);
    this.#mids.add(mid);
    this.#section.mid = mid;
    this.#keep(mid === value ? line : `a=mid:${mid}`);
  }

  /** The SFU ignores an `a=msid` without both ids, of stream and track. */
  #msid(value: string): void {
    this.#reserveMsid();
    const [streamId, trackId, ...more] = value.split(' ');
    if (!streamId || !trackId || more.length > 0 || this.#section.trackId !== undefined) return;
    this.#section.streamId = streamId;
    this.#section.trackId = trackId;
  }

  /**
   * The SFU assigns a source the ids that it has parsed so far. Its parser of `msid:` accepts any spelling of the source, so no such
   * line is kept.
   */
  #source(line: string, value: string): void {
    this.#reserveMsid();
    this.#sources ??= new Map();
    const [source = '', attribute = ''] = value.split(' ', 2);
    if (!attribute.startsWith('msid:')) {
      this.#sources.set(source, true);
      this.#keep(line);
      return;
    }
    if (!this.#sources.has(source)) this.#sources.set(source, false);
    const ids = value.slice(source.length + ' msid:'.length);
    const [streamId, trackId, ...more] = ids.split(' ');
    if (streamId && trackId && more.length === 0) this.#sourceIds ??= ids;
  }

  #reserveMsid(): void {
    if (this.#hasMsidPlace) return;
    this.#hasMsidPlace = true;
    this.#keep(MSID);
  }

  #nameTrack(): void {
    const section = this.#section;
    if (section.kind === 'application') return;
    this.#reserveMsid();
    if (this.#sourceIds) [section.streamId, section.trackId] = this.#sourceIds.split(' ');
    const length = Math.max(section.streamId?.length ?? 0, section.trackId?.length ?? 0);
    if (length > LIMITS.maxIdLength)
      throw invalidSdp(`${this.where} has an id of more than ${LIMITS.maxIdLength} characters in a=msid`);
    if (!this.#sources) return;
    for (const [source, isKept] of this.#sources)
      if (!isKept && SOURCE.test(source)) this.#keep(`a=ssrc:${source} cname:-`);
  }

  #rid(line: string, value: string): void {
    const { layers } = this.#section;
    const [rid = '', direction] = value.split(' ');
    if (!RID.test(rid)) throw invalidSdp(`${this.where} has a malformed a=rid`);
    this.#keep(line);
    if (direction !== 'send') return;
    if (layers.length >= LIMITS.maxLayers)
      throw invalidSdp(`${this.where} has more than ${LIMITS.maxLayers} layers`);
    layers.push(rid);
  }

  get where(): string {
    return `section ${this.#section.index} (${this.#section.kind})`;
  }
}
