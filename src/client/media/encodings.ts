/**
 * How to send a stream.
 * @category Client
 */
export interface PublishOptions {
  /**
   * Send each video in several sizes, of which every viewer gets one: `f` full, `h` half, `q` a quarter. A video of
   * 960×540 pixels or more is sent in all three, one of 480×270 or more in `f` and `h`, a smaller one in its full size
   * alone. Where the video's size changes, as a shared window's does, the track is published anew, if its layers change.
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

/** Ion's layer names, from small to large as browsers want them; the scale; by what to divide the bitrate. */
const LAYERS = [
  ['q', 4, 8],
  ['h', 2, 3],
  ['f', 1, 1],
] as const;

/**
 * In how many layers a track is sent. Chromium sends so many of the encodings that it is given, by the size of the picture
 * (libwebrtc: `simulcast.cc`), and leaves out the last ones, of which the full size is one. So it gets no more than it
 * sends. Where the size is not known, the full size alone is sure to be sent.
 */
export function layerCount(track: MediaStreamTrack, { simulcast }: PublishOptions): number {
  if (!simulcast || track.kind !== 'video') return 1;
  const { width = 0, height = 0 } = track.getSettings();
  const pixels = width * height;
  return pixels < 480 * 270 ? 1 : pixels < 960 * 540 ? 2 : 3;
}

/** W3C `RTCRtpTransceiverInit.sendEncodings`; undefined leaves all to the browser. */
export function encodingsFor(
  track: MediaStreamTrack,
  options: PublishOptions,
): RTCRtpEncodingParameters[] | undefined {
  const { maxBitrate } = options;
  const layers = layerCount(track, options);
  if (layers < 2) return track.kind === 'video' && maxBitrate ? [{ maxBitrate }] : undefined;
  return LAYERS.slice(-layers).map(([rid, scaleResolutionDownBy, part]) => ({
    rid,
    scaleResolutionDownBy,
    ...(maxBitrate && { maxBitrate: Math.round(maxBitrate / part) }),
  }));
}

/** The codecs that Ion forwards (`mediaengine.go`) and browsers play, best first: by MIME type and format parameters. */
const CODECS = {
  audio: [/opus/i],
  // H.264 with packetization-mode 1 and Constrained Baseline, which all have in common (RFC 7742 § 6.2).
  video: [/vp8/i, /^video.h264(?=.*-mode=1).*-id=42e0/i, /rtx/i],
};

/**
 * Restricts the offer to these codecs, where the browser permits: it is a fifth of the size then. The relay keeps one of the
 * video codecs.
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
  // rtx alone is no codec.
  if (chosen[0] && !/rtx/i.test(chosen[0].mimeType)) transceiver.setCodecPreferences?.(chosen);
}
