import { layerCount, type PublishOptions } from './encodings.js';

/** No event tells of a video's size in all browsers. */
const LOOK_EVERY_MS = 2_000;

/** A video that is sent. */
export interface Layered {
  transceiver: RTCRtpTransceiver;
  options: PublishOptions;
  /** In how many layers it was to be sent at the last look. */
  wanted?: number;
}

/**
 * Notices videos that have another size by now (a resized window, a turned telephone, another track).
 * @param onChange told of each that is to be sent in more or fewer layers, until it is
 * @returns the timer, to be cleared
 */
export function watchLayers<Video extends Layered>(
  videos: Iterable<Video>,
  onChange: (video: Video) => void,
): ReturnType<typeof setInterval> {
  return setInterval(() => {
    for (const video of videos) {
      const { sender } = video.transceiver;
      const { encodings } = sender.getParameters();
      const wanted = sender.track ? layerCount(sender.track, video.options) : encodings.length;
      // While a window is being resized, its size changes from look to look.
      const isSteady = wanted === video.wanted;
      video.wanted = wanted;
      // What is cut off, or held back by the application, stays so.
      if (isSteady && wanted !== encodings.length && encodings.some(({ active }) => active)) onChange(video);
    }
  }, LOOK_EVERY_MS);
}
