import { RelayError } from '../protocol/errors.js';
import { LIMITS } from '../protocol/limits.js';
import type { Track } from '../protocol/types.js';
import { checkDataChannels, type DataChannelPolicy } from './data-channels.js';
import { invalidSdp } from './sdp-lines.js';
import type { SdpSection } from './sdp-section.js';

/** What an offer may contain. */
export interface OfferPolicy extends DataChannelPolicy {
  /** Kinds that may be sent; none for a viewer. */
  kinds: ReadonlySet<Track['kind']>;
  maxTracks: number;
}

function forbidden(message: string): RelayError {
  return new RelayError('ERR_RELAY_FORBIDDEN', message);
}

/**
 * Checks an offer of the publisher connection against the policy of its session.
 * @returns the tracks that it publishes.
 * @throws RelayError `ERR_RELAY_FORBIDDEN` that names the section, or `ERR_RELAY_INVALID_SDP`.
 */
export function checkOffer(sections: readonly SdpSection[], policy: OfferPolicy): Track[] {
  if (sections.length > LIMITS.maxSdpSections)
    throw invalidSdp(`it has more than ${LIMITS.maxSdpSections} media sections`);
  const tracks: Track[] = [];
  for (const section of sections) {
    const { index, kind, sends } = section;
    const where = `section ${index} (${kind}) of the offer`;
    if (kind === 'application') {
      checkDataChannels(policy, where);
      continue;
    }
    if (!sends) continue;
    if (!policy.kinds.has(kind)) {
      throw forbidden(
        `This session may not publish${policy.kinds.size > 0 ? ` ${kind}` : ''}: ${where} sends.`,
      );
    }
    if (tracks.length >= policy.maxTracks)
      throw forbidden(`This session may publish ${policy.maxTracks} tracks: ${where} is one too many.`);
    const track = trackOf(section, kind);
    if (tracks.some(({ trackId }) => trackId === track.trackId))
      throw invalidSdp(`it has the track ${track.trackId} twice`);
    tracks.push(track);
  }
  return tracks;
}

/** The tracks of an offer, as far as its session may publish them by now. */
export function permittedTracks(sections: readonly SdpSection[], { kinds, maxTracks }: OfferPolicy): Track[] {
  const tracks: Track[] = [];
  for (const section of sections) {
    const { kind, sends } = section;
    if (!sends || kind === 'application' || !kinds.has(kind) || tracks.length >= maxTracks) continue;
    tracks.push(trackOf(section, kind));
  }
  return tracks;
}

/** Where the section names no track, its `a=mid` does: without a name the SFU could not tell two of them apart. */
function trackOf(
  { mid, streamId = '-', trackId = `track-${mid}`, layers }: SdpSection,
  kind: Track['kind'],
): Track {
  return { trackId, streamId, kind, layers, muted: false };
}

/**
 * An answer has the sections of its offer, in its order (RFC 8829 § 5.3.1).
 * @throws RelayError `ERR_RELAY_INVALID_SDP`
 */
export function checkAnswer(sections: readonly SdpSection[], offer: string): void {
  const answered = sections.map(({ kind, mid }) => `${kind} ${mid}`);
  const offered = [...offer.matchAll(/^m=(\w+) |^a=mid:(\S+)/gm)].map(([, kind, mid]) => kind ?? mid);
  if (answered.join(' ') !== offered.join(' '))
    throw invalidSdp("its sections are not those of the SFU's offer, in their order");
}
