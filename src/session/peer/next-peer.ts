import { invalidParams } from '../../protocol/errors.js';
import { isId } from '../../protocol/ids.js';
import { LIMITS } from '../../protocol/limits.js';
import { checkOptions, type Keys } from '../../util/check-options.js';
import { isRecord } from '../../util/is-record.js';
import { readSignal } from '../../util/read-signal.js';

/** The peer that replaces the current one. */
export interface NextPeer {
  /** Greater than the numbers of all earlier peers. @default the next number */
  number?: number;
  sdp: string;
  /** New track ids by the old ids of the same tracks: the client's ids, unchecked. */
  renamed: ReadonlyMap<string, string>;
}

/**
 * The peer with which an application replaces that of a session.
 * @category Session
 */
export interface RejoinParams {
  /** The offer of a new publisher connection, with all tracks that the session publishes from now on. */
  sdp: string;
  /**
   * New track ids by old ones, for tracks that continue: they keep their mutes, and viewers are told that they continue. Each new
   * connection needs new ids. @default none continues
   */
  renamed?: Readonly<Record<string, string>>;
}

const KEYS: Keys<RejoinParams> = { sdp: true, renamed: true };

/**
 * Reads the arguments of `session.rejoin()`.
 * @throws RelayError `ERR_RELAY_INVALID_PARAMS`
 */
export function readRejoin(
  params: RejoinParams,
  options: { signal?: AbortSignal },
): { next: NextPeer; signal: AbortSignal | undefined } {
  const example = 'session.rejoin({ sdp: offer.sdp, renamed: { oldTrackId: "newTrackId" } })';
  checkOptions({ name: 'rejoin()', example, code: 'ERR_RELAY_INVALID_PARAMS' }, params, KEYS);
  if (typeof params.sdp !== 'string') throw invalidParams('"sdp" must be the SDP of an offer, a string.');
  const signal = readSignal(
    'rejoin()',
    'session.rejoin(params, { signal: AbortSignal.timeout(5000) })',
    options,
  );
  return { next: { sdp: params.sdp, renamed: readRenamed(params.renamed) }, signal };
}

/** @throws RelayError `ERR_RELAY_INVALID_PARAMS` */
export function readRenamed(renamed: unknown = {}): ReadonlyMap<string, string> {
  const entries = isRecord(renamed) ? Object.entries(renamed) : [];
  if (!isRecord(renamed) || entries.length > LIMITS.maxTracks || !entries.every(([, id]) => isId(id)))
    throw invalidParams('"renamed" must be an object: {"old track id": "new track id"}.');
  return new Map(entries as [string, string][]);
}
