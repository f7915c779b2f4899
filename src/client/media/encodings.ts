/**
 * Options of `publish()`.
 * @category Client
 */
export interface PublishOptions {
  /**
   * Send each video in several sizes; each viewer receives one: `f` full, `h` half, `q` a quarter. A video of 960×540 pixels or
   * more is sent in all three, one of 480×270 or more in `f` and `h`, a smaller one only in its full size. If a change of the
   * video's size changes its layers, the track is published again.
   * @default false
   */
  simulcast?: boolean;
  /** The maximum bitrate of each video in bit/s; with simulcast, that of its full layer. @default the browser's choice */
  maxBitrate?: number;
  /**
   * Offer one video codec only. It must be the relay's `videoCodec`, which is VP8 by default: `publish()` rejects
   * otherwise. Some builds of Chromium for Linux do not play H.264. All videos of a session use the codec of the first one.
   * @default VP8 and H.264: the relay keeps its `videoCodec`
   */
  codec?: 'vp8' | 'h264';
}

/** Ion's layers in the order that browsers require, from small to large, with the divisors of size and bitrate. */
const LAYERS = [
  ['q', 4, 8],
  ['h', 2, 3],
  ['f', 1, 1],
] as const;

/**
 * The number of layers of a track. Chromium limits the number of encodings by the size of the video (libwebrtc:
 * `simulcast.cc`) and drops the last ones, which include the full size. So the client never requests more than Chromium sends,
 * and only the full size if the size of the video is unknown.
 */
export function layerCount(track: MediaStreamTrack, { simulcast }: PublishOptions): number {
  if (!simulcast || track.kind !== 'video') return 1;
  const { width = 0, height = 0 } = track.getSettings();
  const pixels = width * height;
  return pixels < 480 * 270 ? 1 : pixels < 960 * 540 ? 2 : 3;
}

/** W3C `RTCRtpTransceiverInit.sendEncodings`; none leaves the choice to the browser. */
export function encodingsFor(track: MediaStreamTrack, options: PublishOptions): RTCRtpEncodingParameters[] {
  const { maxBitrate } = options;
  const layers = layerCount(track, options);
  if (layers < 2) return track.kind === 'video' && maxBitrate ? [{ maxBitrate }] : [];
  return LAYERS.slice(-layers).map(([rid, scaleResolutionDownBy, part]) => ({
    rid,
    scaleResolutionDownBy,
    ...(maxBitrate && { maxBitrate: Math.round(maxBitrate / part) }),
  }));
}

/** The codecs that Ion forwards (`mediaengine.go`) and browsers support, best first, as patterns of MIME type and parameters. */
const CODECS = {
  audio: [/opus/i],
  // H.264 with packetization-mode 1 and Constrained Baseline, which all browsers support (RFC 7742 § 6.2).
  video: [/vp8/i, /^video.h264(?=.*-mode=1).*-id=42e0/i, /rtx/i],
};

/**
 * Restricts the offer to these codecs if the browser supports that: it shrinks to a fifth of its size. The relay keeps one of
 * the video codecs.
 */
export function preferCodecs(transceiver: RTCRtpTransceiver, options: PublishOptions): void {
  const codec: string = options.codec ?? '';
  const kind = transceiver.receiver.track.kind as keyof typeof CODECS;
  const known = RTCRtpReceiver.getCapabilities?.(kind)?.codecs ?? [];
  const chosen = CODECS[kind].flatMap((form) =>
    known.filter(
      ({ mimeType, sdpFmtpLine }) =>
        form.test(mimeType + sdpFmtpLine) &&
        (/opus|rtx/i.test(mimeType) || mimeType.toLowerCase().includes(codec)),
    ),
  );
  // rtx alone is not a media codec.
  if (chosen[0] && !/rtx/i.test(chosen[0].mimeType)) transceiver.setCodecPreferences?.(chosen);
}
