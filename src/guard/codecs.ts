/** `a=rtpmap` (RFC 8866 § 6.6): a payload type, a codec's name, and parameters. */
const RTPMAP = /^(?:0|[1-9]\d{0,2}) [\w.+-]{1,64}\/[1-9]\d{0,8}(?:\/\d{1,2})?$/;
/** A codec that refers to another one by its payload type (RFC 4588). */
const APT = /(?:^|[\s;])apt\b/i;
const NACK = /nack/i;
const SOUND_APT = /^(0|[1-9]\d{0,2}) (?:[^;]+;)*apt=\d{1,3}(?:;|$)/;

/**
 * The video codec of all publishers.
 * @category Configuration
 */
export type VideoCodec = 'VP8' | 'VP9' | 'H264';

/** The lines of a section's codecs whose payload type decides whether they are forwarded. */
const PAYLOAD = /^\d+$/;

/** The codecs of one audio or video section, from its `m=`, `a=rtpmap`, `a=fmtp` and `a=rtcp-fb`. */
export class SectionCodecs {
  readonly codec: 'opus' | VideoCodec;
  readonly #payloads: readonly string[];
  /** Payload types with a codec, and whether it is the forwarded one. */
  readonly #mapped = new Map<string, boolean>();
  /** Payload types that refer to others, whatever their name. */
  readonly #dependent = new Set<string>();
  #forwarded: ReadonlySet<string> | undefined;

  constructor(codec: 'opus' | VideoCodec, payloads: readonly string[]) {
    this.codec = codec;
    this.#payloads = payloads;
  }

  /** Reads one attribute; returns whether it is well-formed. */
  read(attribute: 'rtpmap' | 'fmtp' | 'rtcp-fb', value: string): boolean {
    if (attribute === 'rtpmap') return this.#rtpmap(value);
    if (attribute === 'fmtp') return this.#fmtp(value);
    // Ion forwards it to the viewers, whose browsers then send NACKs for audio: the first one crashes Ion.
    return this.codec !== 'opus' || !NACK.test(value);
  }

  /**
   * The payload types of the forwarded codec, once all lines are read. The first packet of a section without one crashes Ion.
   */
  get forwarded(): ReadonlySet<string> {
    this.#forwarded ??= new Set(this.#payloads.filter((payload) => this.#isForwarded(payload)));
    return this.#forwarded;
  }

  /** Whether an attribute describes another codec than the forwarded one, as far as the lines are read. */
  describesAnother(value: string): boolean {
    return this.#mapped.get(payloadOf(value)) === false;
  }

  /** Whether an attribute is forwarded, once all lines are read. */
  forwards(value: string): boolean {
    const payload = payloadOf(value);
    return this.forwarded.has(payload) || !PAYLOAD.test(payload);
  }

  #isForwarded(payload: string): boolean {
    return this.#mapped.get(payload) === true && !this.#dependent.has(payload);
  }

  /** The SFU uses the first one. */
  #rtpmap(value: string): boolean {
    if (!RTPMAP.test(value)) return false;
    const space = value.indexOf(' ');
    const payload = value.slice(0, space);
    if (Number(payload) > 127 || this.#mapped.has(payload)) return false;
    const name = value.slice(space + 1, value.indexOf('/'));
    this.#mapped.set(payload, name.toUpperCase() === this.codec.toUpperCase());
    return true;
  }

  #fmtp(value: string): boolean {
    if (!APT.test(value)) return true;
    const payload = SOUND_APT.exec(value)?.[1];
    if (payload === undefined || Number(payload) > 127) return false;
    this.#dependent.add(payload);
    return true;
  }
}

function payloadOf(value: string): string {
  const end = value.indexOf(' ');
  return end < 0 ? value : value.slice(0, end);
}
