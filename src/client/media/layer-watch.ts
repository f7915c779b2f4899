import { layerCount, type PublishOptions } from './encodings.js';

/** The sizes are polled: no event reports their changes in all browsers. */
const LOOK_EVERY_MS = 2_000;

/** A video that is being sent. */
export interface Layered {
  section: RTCRtpTransceiver;
  options: PublishOptions;
  /** The number of layers for its size at the last poll. */
  wanted?: number;
}

/**
 * Detects videos whose size has changed: a resized window, a rotated phone, another track.
 * @param onChange called for a video whose size needs another number of layers, at each poll until it is sent in that number
 * @returns the interval's id, for `clearInterval`
 */
export function watchLayers<Video extends Layered>(
  videos: Iterable<Video>,
  onChange: (video: Video) => void,
): ReturnType<typeof setInterval> {
  return setInterval(() => {
    for (const video of videos) {
      const { sender } = video.section;
      const { encodings } = sender.getParameters();
      const wanted = sender.track ? layerCount(sender.track, video.options) : encodings.length;
      // While a window is being resized, its size differs at each poll.
      const isSteady = wanted === video.wanted;
      video.wanted = wanted;
      // A video whose encodings are all inactive is muted by a moderator or paused by the application.
      if (isSteady && wanted !== encodings.length && encodings.some(({ active }) => active)) onChange(video);
    }
  }, LOOK_EVERY_MS);
}
