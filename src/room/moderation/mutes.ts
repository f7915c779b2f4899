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

/** The mutes of a room, for its whole life: they outlive the sessions of a user. */
export class Mutes {
  /** Muted track ids, each with the id that was muted first. A track that gets a new id has both for a while. */
  readonly #tracks = new Map<string, string>();
  /** Each entry is `<kind> <userId>`. */
  readonly #users = new Set<string>();

  /** @throws RelayError `ERR_RELAY_TOO_MANY` */
  add(target: MuteTarget): void {
    if (this.#tracks.size + this.#users.size >= MAX_MUTES)
      throw new RelayError('ERR_RELAY_TOO_MANY', 'Too many mutes in this room: unmute some.');
    if ('trackId' in target)
      this.#tracks.set(target.trackId, this.#tracks.get(target.trackId) ?? target.trackId);
    else for (const each of entriesOf(target)) this.#users.add(each);
  }

  /** Unmuting a user also unmutes the given tracks of the user. */
  delete(target: MuteTarget, tracksOfUser: readonly Track[] = []): void {
    if ('trackId' in target) {
      this.#lift(target.trackId);
      return;
    }
    for (const each of entriesOf(target)) this.#users.delete(each);
    for (const { trackId, kind } of tracksOfUser) {
      if (target.kind === undefined || target.kind === kind) this.#lift(trackId);
    }
  }

  /** A track has got a new id. @returns whether only the old id was muted */
  follow(oldId: string, trackId: string): boolean {
    const muted = this.#tracks.get(oldId);
    if (muted === undefined || this.#tracks.has(trackId)) return false;
    this.#tracks.set(trackId, muted);
    return true;
  }

  /** No session uses this track id any more. */
  forget(trackId: string): void {
    this.#tracks.delete(trackId);
  }

  #lift(trackId: string): void {
    const muted = this.#tracks.get(trackId);
    for (const [id, as] of this.#tracks) if (as === muted) this.#tracks.delete(id);
  }

  covers(userId: string, { trackId, kind }: Track): boolean {
    return this.#tracks.has(trackId) || this.#users.has(`${kind} ${userId}`);
  }
}

function entriesOf({ userId, kind }: Extract<MuteTarget, { userId: string }>): string[] {
  return (kind ? [kind] : BOTH).map((each) => `${each} ${userId}`);
}
