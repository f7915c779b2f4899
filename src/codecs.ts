/** `a=rtpmap` (RFC 8866 § 6.6): the payload type, and the codec's name. */
const RTPMAP = /^(0|[1-9]\d{0,2}) ([\w.+-]{1,64})\/[1-9]\d{0,8}(?:\/\d{1,2})?$/;
/** The one payload type that the SFU takes without an rtpmap: PCMU (RFC 3551). */
const STATIC_PAYLOAD = '0';
/** A codec that stands for another one, by its payload type (RFC 4588). */
const APT = /(?:^|[\s;])apt\b/i;
const SOUND_APT = /^(0|[1-9]\d{0,2}) (?:[^;]+;)*apt=\d{1,3}(?:;|$)/;

/**
 * The codec in which all publish video.
 * @category Configuration
 */
export type VideoCodec = 'VP8' | 'VP9' | 'H264';

/** The codecs of one section of audio or video, in the words of its `m=`, `a=rtpmap`, `a=fmtp` and `a=rtcp-fb`. */
export class SectionCodecs {
  readonly #codec: 'opus' | VideoCodec;
  readonly #payloads: readonly string[];
  readonly #names = new Map<string, string>();
  /** Payload types that stand for others, whatever their name. */
  readonly #dependent = new Set<string>();
  #forwarded: ReadonlySet<string> | undefined;

  constructor(codec: 'opus' | VideoCodec, payloads: readonly string[]) {
    this.#codec = codec;
    this.#payloads = payloads;
  }

  /** Takes one attribute; gives what is wrong with it. */
  read(attribute: string, value: string): string | undefined {
    if (attribute === 'rtpmap') return this.#rtpmap(value);
    if (attribute === 'fmtp') return this.#fmtp(value);
    // Ion hands it on to the viewers, whose browsers then send NACKs for audio: the first one ends its process.
    if (attribute === 'rtcp-fb' && this.#codec === 'opus' && / nack\b/i.test(value))
      return 'asks for NACKs of audio (a=rtcp-fb), which the SFU does not survive';
    return undefined;
  }

  /**
   * What is wrong with all of them together. The first packet of a section without a codec that the SFU forwards
   * ends its process.
   */
  fault(): string | undefined {
    const unmapped = this.#payloads.find(
      (payload) => !this.#names.has(payload) && payload !== STATIC_PAYLOAD,
    );
    if (unmapped !== undefined) return `has no a=rtpmap for its payload type ${unmapped}`;
    return this.forwarded.size > 0 ? undefined : `does not offer ${this.#codec}, the codec that all use here`;
  }

  /** The payload types of the codec that the SFU forwards, once all lines are read. */
  get forwarded(): ReadonlySet<string> {
    this.#forwarded ??= new Set(this.#payloads.filter((payload) => this.#isForwarded(payload)));
    return this.#forwarded;
  }

  #isForwarded(payload: string): boolean {
    return (
      this.#names.get(payload)?.toUpperCase() === this.#codec.toUpperCase() && !this.#dependent.has(payload)
    );
  }

  #rtpmap(value: string): string | undefined {
    const [, payload, name] = RTPMAP.exec(value) ?? [];
    if (!payload || !name || Number(payload) > 127 || this.#names.has(payload))
      return 'has a malformed or repeated a=rtpmap';
    this.#names.set(payload, name);
    return undefined;
  }

  #fmtp(value: string): string | undefined {
    if (!APT.test(value)) return undefined;
    const payload = SOUND_APT.exec(value)?.[1];
    if (payload === undefined || Number(payload) > 127) return 'has a malformed a=fmtp';
    this.#dependent.add(payload);
    return undefined;
  }
}
