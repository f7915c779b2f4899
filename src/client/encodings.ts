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
   * Offer one video codec only. It must be the relay's `videoCodec`, which is VP8 by default: `publish()` rejects
   * otherwise. Some builds of Chromium for Linux do not play H.264. All videos of a session have the codec of its first.
   * @default VP8 and H.264: the relay keeps its `videoCodec`
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
 * is a fifth of the size then. The relay keeps one of the codecs.
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
