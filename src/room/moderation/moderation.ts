import type { Propose, RoomChange, RoomFields, RoomSink } from '../../backplane/backplane.js';
import {
  type Ban,
  type BanOptions,
  type BanStore,
  hasExpired,
  makeBan,
  readReason,
} from '../../backplane/ban-store.js';
import type { MemoryLog } from '../../backplane/memory/memory-log.js';
import { endOf } from '../../backplane/room-change.js';
import { RelayError } from '../../protocol/errors.js';
import { checkId } from '../../protocol/ids.js';
import type { MuteTarget, Track } from '../../protocol/types.js';
import { inSlices } from '../../util/in-slices.js';
import { isPromise } from '../../util/is-promise.js';
import { noop } from '../../util/noop.js';
import { UserIndex } from '../../util/user-index.js';
import type { RoomMembers } from '../participants/room-members.js';
import { proposeLock, proposeRemoval, proposeUnlock } from './lock.js';
import type { ModeratedSession } from './moderated-session.js';
import {
  checkMuteTarget,
  isMuted,
  proposeFollow,
  proposeForget,
  proposeMute,
  proposeUnmute,
} from './mutes.js';

/** What refuses all changes of a room. */
const IS_OVER: ReadonlySet<string> = new Set(['ERR_RELAY_ROOM_ENDED', 'ERR_RELAY_CLOSED']);

const REMOVED = 'You have been removed from this room.';

/** The room under moderation. */
interface ModeratedRoom {
  readonly id: string;
  readonly log: MemoryLog;
  readonly members: RoomMembers;
}

/** The moderation of one room: bans, mutes, the lock, the end. The room's log holds all but the bans. */
export class Moderation implements RoomSink {
  /** Joining, joined and closing sessions. */
  readonly sessions = new UserIndex<ModeratedSession>();
  /** Messages go to the room by its channel. */
  readonly appended = noop;
  readonly #room: ModeratedRoom;
  readonly #bans: BanStore;
  #isToldLocked = false;

  constructor(room: ModeratedRoom, bans: BanStore) {
    this.#room = room;
    this.#bans = bans;
  }

  get isLocked(): boolean {
    return this.#state.locked === true;
  }

  get hasEnded(): boolean {
    return this.#state.end !== undefined;
  }

  snapshot({ locked }: RoomFields): void {
    this.#tellLocked(locked === true);
  }

  changed(change: RoomChange): void {
    if ('locked' in change) this.#tellLocked(change.locked === true);
  }

  /**
   * Returns a promise only where the ban store does.
   * @throws RelayError `ERR_RELAY_REMOVED`, `ERR_RELAY_ROOM_LOCKED`, `ERR_RELAY_ROOM_ENDED`; at once or by the promise
   */
  admit(session: ModeratedSession): void | Promise<void> {
    const ban = this.#bans.find(this.#room.id, session.userId);
    if (!isPromise(ban)) this.#admit(session, ban);
    else return Promise.resolve(ban).then((found) => this.#admit(session, found));
  }

  /**
   * Checks whether a session may stay whose client comes back. A locked room keeps it.
   * @throws RelayError `ERR_RELAY_REMOVED`; at once or by the promise
   */
  readmit({ userId }: ModeratedSession): void | Promise<void> {
    const ban = this.#bans.find(this.#room.id, userId);
    if (!isPromise(ban)) refuseBanned(ban);
    else return Promise.resolve(ban).then(refuseBanned);
  }

  #admit({ userId, isNamed, replaces, grants }: ModeratedSession, ban: Ban | undefined): void {
    refuseBanned(ban);
    const { end, locked, regulars } = this.#state;
    if (end !== undefined) throw endOf(end);
    const isRegular = replaces !== undefined || (isNamed && regulars?.has(userId));
    if (locked && !isRegular && grants.roomAdmin !== true)
      throw new RelayError('ERR_RELAY_ROOM_LOCKED', 'The room is locked: nobody may join it now.');
  }

  async kick(userId: string, options: { reason?: string }): Promise<void> {
    const reason = readReason('kick()', 'room.kick(userId, { reason })', options);
    const error = new RelayError('ERR_RELAY_REMOVED', reason ?? REMOVED);
    const id = checkId(userId, 'userId');
    this.#commit((state) => proposeRemoval(state, id));
    await this.#closeAll([...this.sessions.ofUser(userId)], error);
  }

  async ban(userId: string, options: BanOptions): Promise<void> {
    const ban = makeBan(userId, options);
    // Set the ban first: later joins are refused, and joins that began before are among the sessions that `kick` closes.
    await this.#bans.set(this.#room.id, ban);
    await this.kick(userId, options.reason === undefined ? {} : { reason: options.reason });
  }

  async unban(userId: string): Promise<void> {
    await this.#bans.delete(this.#room.id, checkId(userId, 'userId'));
  }

  async mute(target: MuteTarget): Promise<void> {
    const sessions = this.#affected(target);
    if ('trackId' in target && sessions.length === 0)
      throw new RelayError('ERR_RELAY_INVALID_PARAMS', 'There is no such track in the room.');
    this.#commit((state) => proposeMute(state, target));
    await Promise.all(sessions.map((session) => session.permissions.revise()));
  }

  async unmute(target: MuteTarget): Promise<void> {
    const sessions = this.#affected(target);
    const tracks = sessions.flatMap((session) => session.tracks);
    this.#commit((state) => proposeUnmute(state, target, tracks));
    await Promise.all(sessions.map((session) => session.permissions.revise()));
  }

  /** Tracks have got new ids: mutes follow them. @returns the new ids that are muted by that */
  follow(renamed: ReadonlyArray<readonly [string, string]> | ReadonlyMap<string, string>): string[] {
    if (!this.#state.mutedTracks) return [];
    const change = this.#commit((state) => proposeFollow(state, renamed));
    return [...(change?.mutedTracks?.keys() ?? [])];
  }

  /** No session uses these track ids any more. */
  forget(trackIds: readonly string[]): void {
    if (this.#state.mutedTracks) this.#commit((state) => proposeForget(state, trackIds));
  }

  isMuted(userId: string, track: Track): boolean {
    return isMuted(this.#state, userId, track);
  }

  lock(): void {
    this.#commit((state) => proposeLock(state, state.locked ? [] : this.#namedUsers()));
  }

  unlock(): void {
    this.#commit(proposeUnlock);
  }

  /** `onEnd` is called before the first session leaves. */
  async end(options: { reason?: string }, onEnd: () => void): Promise<void> {
    const reason = readReason('end()', 'room.end({ reason })', options) ?? 'The room has been ended.';
    onEnd();
    this.#commit(() => ({ end: reason }));
    this.#room.members.silence();
    await this.#closeAll([...this.sessions], endOf(reason));
  }

  get #state(): RoomFields {
    return this.#room.log.state;
  }

  /**
   * Changes the room. One that has ended, or that everybody has left, is not changed any more, which is no error.
   * @throws the refusal of `propose`
   */
  #commit(propose: Propose): RoomChange | undefined {
    const outcome = this.#room.log.commit(propose);
    if (!outcome.refused) return outcome.change;
    if (!IS_OVER.has(outcome.refused.code)) throw outcome.refused;
  }

  #namedUsers(): string[] {
    const named = [...this.sessions].filter(({ isNamed }) => isNamed);
    return named.map(({ userId }) => userId);
  }

  #tellLocked(locked: boolean): void {
    if (locked === this.#isToldLocked) return;
    this.#isToldLocked = locked;
    this.#room.members.locked(locked);
  }

  #affected(target: MuteTarget): readonly ModeratedSession[] {
    checkMuteTarget(target);
    if (!('trackId' in target)) return this.sessions.ofUser(checkId(target.userId, 'userId'));
    const { members } = this.#room;
    const owner = members.publishers.findTrack(target.trackId)?.sessionId;
    const userId = owner === undefined ? undefined : members.anyUserOf(owner);
    return userId === undefined ? [] : this.sessions.ofUser(userId).filter(({ id }) => id === owner);
  }

  async #closeAll(sessions: Iterable<ModeratedSession>, error: RelayError): Promise<void> {
    const closed: Promise<void>[] = [];
    await inSlices(sessions, (session) => closed.push(session.close({ by: 'application', error })));
    await Promise.all(closed);
  }
}

function refuseBanned(ban: Ban | undefined): void {
  if (ban && !hasExpired(ban)) throw new RelayError('ERR_RELAY_REMOVED', ban.reason ?? REMOVED);
}
