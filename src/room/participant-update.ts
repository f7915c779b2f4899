import { invalidParams } from '../protocol/errors.js';
import { LIMITS } from '../protocol/limits.js';
import type { Metadata, ParticipantUpdate, Track } from '../protocol/types.js';
import { isRecord } from '../util/is-record.js';

/** Maps a client's track ids to the room's. */
interface TrackIds {
  ofRoom(trackId: string): string;
}

export function isMetadata(value: unknown): value is Metadata {
  try {
    checkMetadata(value);
    return value !== undefined;
  } catch {
    return false;
  }
}

/** @throws RelayError `ERR_RELAY_INVALID_PARAMS` */
export function checkMetadata(metadata: unknown): asserts metadata is Metadata | undefined {
  if (metadata === undefined) return;
  if (!isRecord(metadata)) throw invalidParams('"metadata" must be an object.');
  if (lengthOf(metadata) > LIMITS.maxMetadataLength)
    throw invalidParams(`"metadata" is longer than ${LIMITS.maxMetadataLength} characters of JSON.`);
}

function lengthOf(value: object): number {
  try {
    return JSON.stringify(value).length;
  } catch (cause) {
    throw invalidParams('"metadata" must be JSON.', { cause });
  }
}

/**
 * Checks an update by a client, which names its tracks by its own ids.
 * @returns the update with the room's ids
 * @throws RelayError `ERR_RELAY_INVALID_PARAMS`
 */
export function checkUpdate(
  update: ParticipantUpdate,
  own: readonly Track[],
  names: TrackIds,
): ParticipantUpdate {
  if (typeof update !== 'object' || update === null)
    throw invalidParams(
      'An update must be an object: write { metadata } or { tracks: [{ trackId, muted }] }.',
    );
  const { metadata, tracks = [] } = update;
  checkMetadata(metadata);
  if (!Array.isArray(tracks) || tracks.length > LIMITS.maxTracks)
    throw invalidParams(`"tracks" must be a list of at most ${LIMITS.maxTracks}.`);
  const named = (tracks as unknown[]).map((track) => {
    const { trackId: given, muted } = (track ?? {}) as { trackId?: unknown; muted?: unknown };
    const trackId = typeof given === 'string' ? names.ofRoom(given) : undefined;
    if (typeof muted !== 'boolean' || !own.some((each) => each.trackId === trackId))
      throw invalidParams('"tracks" lists {trackId, muted: boolean} of tracks that you publish.');
    return { trackId: trackId as string, muted };
  });
  return { ...update, tracks: named };
}
