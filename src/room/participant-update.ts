import { RelayError } from '../protocol/errors.js';
import { LIMITS } from '../protocol/limits.js';
import type { Metadata, ParticipantUpdate, Track } from '../protocol/types.js';

/** Which ids the room knows a client's tracks by. */
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

function invalid(message: string): RelayError {
  return new RelayError('ERR_RELAY_INVALID_PARAMS', message);
}

/** @throws RelayError `ERR_RELAY_INVALID_PARAMS` */
export function checkMetadata(metadata: unknown): asserts metadata is Metadata | undefined {
  if (metadata === undefined) return;
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
    throw invalid('"metadata" must be an object.');
  if (lengthOf(metadata) > LIMITS.maxMetadataLength)
    throw invalid(`"metadata" is longer than ${LIMITS.maxMetadataLength} characters of JSON.`);
}

function lengthOf(value: object): number {
  try {
    return JSON.stringify(value).length;
  } catch (cause) {
    throw new RelayError('ERR_RELAY_INVALID_PARAMS', '"metadata" must be JSON.', { cause });
  }
}

/**
 * A participant speaks of itself, and of its own tracks, by the ids that it gave them.
 * @returns the update with the ids that the room knows them by
 * @throws RelayError `ERR_RELAY_INVALID_PARAMS`
 */
export function checkUpdate(
  update: ParticipantUpdate,
  own: readonly Track[],
  names: TrackIds,
): ParticipantUpdate {
  if (typeof update !== 'object' || update === null)
    throw invalid('An update must be an object: write { metadata } or { tracks: [{ trackId, muted }] }.');
  const { metadata, tracks = [] } = update;
  checkMetadata(metadata);
  if (!Array.isArray(tracks) || tracks.length > LIMITS.maxTracks)
    throw invalid(`"tracks" must be a list of at most ${LIMITS.maxTracks}.`);
  const named = (tracks as unknown[]).map((track) => {
    const { trackId: given, muted } = (track ?? {}) as { trackId?: unknown; muted?: unknown };
    const trackId = typeof given === 'string' ? names.ofRoom(given) : undefined;
    if (typeof muted !== 'boolean' || !own.some((each) => each.trackId === trackId))
      throw invalid('"tracks" lists {trackId, muted: boolean} of tracks that you publish.');
    return { trackId: trackId as string, muted };
  });
  return { ...update, tracks: named };
}
