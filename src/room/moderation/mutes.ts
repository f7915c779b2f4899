import type { Refusal, RoomChange, RoomFields } from '../../backplane/backplane.js';
import { RelayError } from '../../protocol/errors.js';
import type { MuteTarget, Track } from '../../protocol/types.js';
import { checkOptions, type Keys } from '../../util/check-options.js';

const KEYS: Keys<MuteTarget> = { trackId: true, userId: true, kind: true };

/** @throws RelayError `ERR_RELAY_INVALID_PARAMS` */
export function checkMuteTarget(target: MuteTarget): void {
  const code = 'ERR_RELAY_INVALID_PARAMS';
  const example = '{ trackId }, { userId } or { userId, kind: "audio" }';
  checkOptions({ name: 'What is muted', example, code }, target, KEYS);
  const { trackId, userId, kind } = target as { trackId?: unknown; userId?: unknown; kind?: unknown };
  if ((trackId === undefined) === (userId === undefined) || (trackId !== undefined && kind !== undefined))
    throw new RelayError(code, `Name either a track or a user: write ${example}.`);
  if (kind !== undefined && kind !== 'audio' && kind !== 'video')
    throw new RelayError(code, '"kind" must be "audio" or "video"; leave it out for both.');
}

const MAX_MUTES = 1_000;
const BOTH = ['audio', 'video'] as const;

/** Mutes last as long as the room: they outlive the sessions of a user. */
export function proposeMute(state: RoomFields, target: MuteTarget): RoomChange | Refusal {
  const { mutedTracks, mutedUsers } = state;
  if ((mutedTracks?.size ?? 0) + (mutedUsers?.size ?? 0) >= MAX_MUTES)
    return {
      refused: new RelayError('ERR_RELAY_TOO_MANY', 'Too many mutes in this room: unmute some.'),
    };
  if (!('trackId' in target)) return { mutedUsers: new Map(entriesOf(target).map((each) => [each, true])) };
  const { trackId } = target;
  return { mutedTracks: new Map([[trackId, mutedTracks?.get(trackId) ?? trackId]]) };
}

/** Unmuting a user also unmutes the given tracks of the user. */
export function proposeUnmute(
  state: RoomFields,
  target: MuteTarget,
  tracksOfUser: readonly Track[],
): RoomChange {
  if ('trackId' in target) return { mutedTracks: lifted(state, [target.trackId]) };
  const { mutedUsers } = state;
  const users = entriesOf(target).filter((each) => mutedUsers?.has(each));
  const tracks = tracksOfUser.filter(({ kind }) => target.kind === undefined || target.kind === kind);
  return {
    mutedUsers: new Map(users.map((each) => [each, undefined])),
    mutedTracks: lifted(
      state,
      tracks.map(({ trackId }) => trackId),
    ),
  };
}

/** Tracks have got new ids: those whose old id is muted are muted by the new one, too. */
export function proposeFollow(
  { mutedTracks }: RoomFields,
  renamed: Iterable<readonly [string, string]>,
): RoomChange {
  const followed = new Map<string, string>();
  for (const [oldId, trackId] of renamed) {
    const muted = followed.get(oldId) ?? mutedTracks?.get(oldId);
    if (muted !== undefined && !followed.has(trackId) && !mutedTracks?.has(trackId))
      followed.set(trackId, muted);
  }
  return { mutedTracks: followed };
}

/** No session uses these track ids any more. */
export function proposeForget({ mutedTracks }: RoomFields, trackIds: Iterable<string>): RoomChange {
  const forgotten = [...trackIds].filter((trackId) => mutedTracks?.has(trackId));
  return { mutedTracks: new Map(forgotten.map((trackId) => [trackId, undefined])) };
}

export function isMuted(state: RoomFields, userId: string, { trackId, kind }: Track): boolean {
  const { mutedTracks, mutedUsers } = state;
  return mutedTracks?.has(trackId) === true || mutedUsers?.has(`${kind} ${userId}`) === true;
}

/** Deletes the mutes of the tracks by all ids that these have had. */
function lifted({ mutedTracks }: RoomFields, trackIds: readonly string[]): ReadonlyMap<string, undefined> {
  const firstIds = new Set(trackIds.map((trackId) => mutedTracks?.get(trackId)));
  const ids = [...(mutedTracks ?? [])].filter(([, firstId]) => firstIds.has(firstId));
  return new Map(ids.map(([id]) => [id, undefined]));
}

function entriesOf({ userId, kind }: Extract<MuteTarget, { userId: string }>): string[] {
  return (kind ? [kind] : BOTH).map((each) => `${each} ${userId}`);
}
