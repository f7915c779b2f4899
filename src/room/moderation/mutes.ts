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

/** Who must not be heard in a room. As long as the room lasts: it outlives the sessions of a user. */
export class Mutes {
  /** By its id: under which id it was muted. A track that goes on under another id has both for a while. */
  readonly #tracks = new Map<string, string>();
  /** `kind user`. */
  readonly #users = new Set<string>();

  /** @throws RelayError `ERR_RELAY_TOO_MANY` */
  add(target: MuteTarget): void {
    if (this.#tracks.size + this.#users.size >= MAX_MUTES)
      throw new RelayError('ERR_RELAY_TOO_MANY', 'Too much is muted in this room: lift some of it.');
    if ('trackId' in target)
      this.#tracks.set(target.trackId, this.#tracks.get(target.trackId) ?? target.trackId);
    else for (const each of entriesOf(target)) this.#users.add(each);
  }

  /** That of a user ends those of the given tracks of theirs, too. */
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

  /** A track goes on under another id. @returns whether it was muted under the old one alone */
  follow(oldId: string, trackId: string): boolean {
    const muted = this.#tracks.get(oldId);
    if (muted === undefined || this.#tracks.has(trackId)) return false;
    this.#tracks.set(trackId, muted);
    return true;
  }

  /** Nobody publishes under this id any more. */
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
