import { RelayError } from './errors.js';
import { LIMITS } from './limits.js';
import type { Metadata, ParticipantUpdate, Track } from './model.js';

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
 * A participant speaks of itself, and of its own tracks.
 * @throws RelayError `ERR_RELAY_INVALID_PARAMS`
 */
export function checkUpdate(update: ParticipantUpdate, own: readonly Track[]): void {
  if (typeof update !== 'object' || update === null)
    throw invalid('An update must be an object: write { metadata } or { tracks: [{ trackId, muted }] }.');
  const { metadata, tracks = [] } = update;
  checkMetadata(metadata);
  if (!Array.isArray(tracks) || tracks.length > LIMITS.maxTracks)
    throw invalid(`"tracks" must be a list of at most ${LIMITS.maxTracks}.`);
  for (const track of tracks as unknown[]) {
    const { trackId, muted } = (track ?? {}) as { trackId?: unknown; muted?: unknown };
    if (typeof muted !== 'boolean' || !own.some((each) => each.trackId === trackId))
      throw invalid('"tracks" lists {trackId, muted: boolean} of tracks that you publish.');
  }
}
