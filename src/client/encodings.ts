/** How to send a stream. @category Client */
export interface PublishOptions {
  /**
   * Send each video in three sizes, of which every viewer gets one: `f` full, `h` half, `q` a quarter.
   * @default false
   */
  simulcast?: boolean;
  /** bit/s, of each video; with simulcast of its full layer. @default the browser's choice */
  maxBitrate?: number;
}

/** Ion's layer names, from small to large as browsers want them; a share of the bitrate for a share of the pixels. */
const LAYERS = [
  { rid: 'q', scaleResolutionDownBy: 4, share: 1 / 8 },
  { rid: 'h', scaleResolutionDownBy: 2, share: 1 / 3 },
  { rid: 'f', scaleResolutionDownBy: 1, share: 1 },
];

/** What Ion forwards to every browser (`mediaengine.go`): its other codecs depend on who is watching. */
const CODECS: Record<string, string[]> = { audio: ['audio/opus'], video: ['video/vp8', 'video/rtx'] };

/** W3C `RTCRtpTransceiverInit.sendEncodings`; undefined leaves all to the browser. */
export function encodingsFor(
  kind: string,
  { simulcast = false, maxBitrate }: PublishOptions,
): RTCRtpEncodingParameters[] | undefined {
  if (kind !== 'video') return undefined;
  if (!simulcast) return maxBitrate === undefined ? undefined : [{ maxBitrate }];
  return LAYERS.map(({ share, ...layer }) => ({
    ...layer,
    ...(maxBitrate !== undefined && { maxBitrate: Math.round(maxBitrate * share) }),
  }));
}

/** Narrows the offer to VP8 and Opus, where the browser lets us; it is a fifth of the size then, too. */
export function preferCodecs(transceiver: RTCRtpTransceiver, kind: string): void {
  const wanted = CODECS[kind] ?? [];
  const codecs = RTCRtpReceiver.getCapabilities?.(kind)?.codecs ?? [];
  const preferred = codecs.filter(({ mimeType }) => wanted.includes(mimeType.toLowerCase()));
  if (preferred.length > 0) transceiver.setCodecPreferences?.(preferred);
}
