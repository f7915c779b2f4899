/**
 * How to send a stream.
 * @category Client
 */
export interface PublishOptions {
  /**
   * Send each video in three sizes, of which every viewer gets one: `f` full, `h` half, `q` a quarter.
   * @default false
   */
  simulcast?: boolean;
  /** bit/s, of each video; with simulcast of its full layer. @default the browser's choice */
  maxBitrate?: number;
  /**
   * Offer one video codec only. Ion takes H.264 where it may choose: every current desktop and phone browser plays
   * it, some builds of Chromium don't. All videos of a session have the codec of its first.
   * @default VP8 and H.264: the SFU chooses
   */
  codec?: 'vp8' | 'h264';
}

/** Ion's layer names, from small to large as browsers want them; a share of the bitrate for a share of the pixels. */
const LAYERS = [
  { rid: 'q', scaleResolutionDownBy: 4, share: 1 / 8 },
  { rid: 'h', scaleResolutionDownBy: 2, share: 1 / 3 },
  { rid: 'f', scaleResolutionDownBy: 1, share: 1 },
];

/** W3C `RTCRtpTransceiverInit.sendEncodings`; undefined leaves all to the browser. */
export function encodingsFor(
  kind: string,
  { simulcast = false, maxBitrate }: PublishOptions,
): RTCRtpEncodingParameters[] | undefined {
  if (kind !== 'video') return undefined;
  if (!simulcast) return maxBitrate ? [{ maxBitrate }] : undefined;
  return LAYERS.map(({ share, ...layer }) =>
    maxBitrate ? { ...layer, maxBitrate: Math.round(maxBitrate * share) } : layer,
  );
}

/**
 * Narrows the offer to what Ion forwards (`mediaengine.go`) and browsers play, where the browser lets us: the offer
 * is a fifth of the size then. VP8 alone would starve on Ion, which takes Chromium's padding of it for loss.
 */
export function preferCodecs(transceiver: RTCRtpTransceiver, kind: string, { codec }: PublishOptions): void {
  const wanted =
    kind === 'audio' ? [OPUS] : [...(codec === 'h264' ? [] : [VP8]), ...(codec === 'vp8' ? [] : [H264]), RTX];
  const known = RTCRtpReceiver.getCapabilities?.(kind)?.codecs ?? [];
  const chosen = wanted.flatMap((isWanted) => known.filter(isWanted));
  if (chosen.some((each) => !RTX(each))) transceiver.setCodecPreferences?.(chosen);
}

type Test = (codec: RTCRtpCodec) => boolean;
const is =
  (mimeType: string): Test =>
  (codec) =>
    codec.mimeType.toLowerCase() === mimeType;
const OPUS = is('audio/opus');
const VP8 = is('video/vp8');
const RTX = is('video/rtx');
/** Constrained Baseline, the profile that all have in common (RFC 7742 § 6.2). */
const H264: Test = (codec) =>
  is('video/h264')(codec) &&
  /profile-level-id=42e0/i.test(codec.sdpFmtpLine ?? '') &&
  /packetization-mode=1/.test(codec.sdpFmtpLine ?? '');
