import type { Track } from '../protocol/types.js';
import type { SdpSection } from './sdp-section.js';

export const NONE: ReadonlySet<string> = new Set();

interface Held {
  /** Muted tracks, by their ids. */
  cut: ReadonlySet<string>;
  /** Sections whose media must not reach the SFU, by `a=mid`. */
  silent: ReadonlySet<string>;
}

/**
 * The rule of mutes: a section is silent where a moderator has muted its track, or where the client may not send it.
 * @param tracks the tracks of the offer that the client may send
 */
export function cutMutedTracks(
  sections: readonly SdpSection[],
  tracks: readonly Track[],
  isMuted: (track: Track) => boolean,
): Held {
  const cut = new Set<string>();
  const heard = new Set<string>();
  for (const track of tracks) (isMuted(track) ? cut : heard).add(track.trackId);
  const silent = new Set<string>();
  for (const { kind, sends, trackId = '', mid } of sections) {
    if (sends && kind !== 'application' && !heard.has(trackId)) silent.add(mid);
  }
  return { cut: cut.size > 0 ? cut : NONE, silent: silent.size > 0 ? silent : NONE };
}
