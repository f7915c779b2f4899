import {
  type Ban,
  type BanOptions,
  type BanStore,
  hasExpired,
  makeBan,
  readReason,
} from '../../backplane/ban-store.js';
import { RelayError } from '../../protocol/errors.js';
import { checkId } from '../../protocol/ids.js';
import type { SessionCloseReason } from '../../protocol/session-state.js';
import type { Grants, MuteTarget, Track } from '../../protocol/types.js';
import { isPromise } from '../../util/is-promise.js';
import { checkMuteTarget, Mutes } from './mutes.js';

/** A joining, joined or closing session under moderation. */
export interface ModeratedSession {
  readonly userId: string;
  /** Whether the application chose the user id, not the client. */
  readonly isNamed: boolean;
  /** The id of the session in this room that this one replaces. */
  readonly replaces: string | undefined;
  readonly grants: Readonly<Grants>;
  readonly tracks: readonly Track[];
  readonly emitter: { notifyRoom(state: { locked: boolean }): void };
  readonly permissions: {
    /** Applies changed mutes at the SFU. */
    revise(): Promise<void>;
  };
  close(reason: SessionCloseReason): Promise<void>;
}

const REMOVED = 'You have been removed from this room.';

/** The moderation of one room: bans, mutes, the lock, the end. */
export class Moderation {
  /** Joining, joined and closing sessions. */
  readonly sessions = new Set<ModeratedSession>();
  readonly #roomId: string;
  readonly #bans: BanStore;
  /** Made by the first mute. */
  #mutes: Mutes | undefined;
  /** While the room is locked: the users who may rejoin. */
  #regulars: Set<string> | undefined;
  #end: RelayError | undefined;

  constructor(roomId: string, bans: BanStore) {
    this.#roomId = roomId;
    this.#bans = bans;
  }

  get isLocked(): boolean {
    return this.#regulars !== undefined;
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /**
   * Returns a promise only where the ban store does.
   * @throws RelayError `ERR_RELAY_REMOVED`, `ERR_RELAY_ROOM_LOCKED`, `ERR_RELAY_ROOM_ENDED`; at once or by the promise
   */
  admit(session: ModeratedSession): void | Promise<void> {
    const ban = this.#bans.find(this.#roomId, session.userId);
    if (!isPromise(ban)) this.#admit(session, ban);
    else return Promise.resolve(ban).then((found) => this.#admit(session, found));
  }

  #admit({ userId, isNamed, replaces, grants }: ModeratedSession, ban: Ban | undefined): void {
    if (ban && !hasExpired(ban)) throw new RelayError('ERR_RELAY_REMOVED', ban.reason ?? REMOVED);
    if (this.#end) throw this.#end;
    const isRegular = replaces !== undefined || (isNamed && this.#regulars?.has(userId));
    if (this.#regulars && !isRegular && grants.roomAdmin !== true)
      throw new RelayError('ERR_RELAY_ROOM_LOCKED', 'The room is locked: nobody may join it now.');
  }

  async kick(userId: string, options: { reason?: string }): Promise<void> {
    const reason = readReason('kick()', 'room.kick(userId, { reason })', options);
    const error = new RelayError('ERR_RELAY_REMOVED', reason ?? REMOVED);
    const id = checkId(userId, 'userId');
    this.#regulars?.delete(id);
    await this.#closeAll(this.#of(userId), error);
  }

  async ban(userId: string, options: BanOptions): Promise<void> {
    const ban = makeBan(userId, options);
    // Set the ban first: later joins are refused, and joins that began before are among the sessions that `kick` closes.
    await this.#bans.set(this.#roomId, ban);
    await this.kick(userId, options.reason === undefined ? {} : { reason: options.reason });
  }

  async unban(userId: string): Promise<void> {
    await this.#bans.delete(this.#roomId, checkId(userId, 'userId'));
  }

  async mute(target: MuteTarget): Promise<void> {
    const sessions = this.#affected(target);
    if ('trackId' in target && sessions.length === 0)
      throw new RelayError('ERR_RELAY_INVALID_PARAMS', 'There is no such track in the room.');
    this.#mutes ??= new Mutes();
    this.#mutes.add(target);
    await Promise.all(sessions.map((session) => session.permissions.revise()));
  }

  async unmute(target: MuteTarget): Promise<void> {
    const sessions = this.#affected(target);
    this.#mutes?.delete(
      target,
      sessions.flatMap(({ tracks }) => tracks),
    );
    await Promise.all(sessions.map((session) => session.permissions.revise()));
  }

  /** Tracks have got new ids: mutes follow them. @returns the new ids that are muted by that */
  follow(renamed: Iterable<readonly [string, string]>): string[] {
    return [...renamed].flatMap(([oldId, id]) => (this.#mutes?.follow(oldId, id) ? [id] : []));
  }

  /** No session uses these track ids any more. */
  forget(trackIds: Iterable<string>): void {
    for (const trackId of trackIds) this.#mutes?.forget(trackId);
  }

  isMuted(userId: string, track: Track): boolean {
    return this.#mutes?.covers(userId, track) ?? false;
  }

  lock(): void {
    if (this.#regulars) return;
    const named = [...this.sessions].filter(({ isNamed }) => isNamed);
    this.#regulars = new Set(named.map(({ userId }) => userId));
    this.#tellLocked(true);
  }

  unlock(): void {
    if (!this.#regulars) return;
    this.#regulars = undefined;
    this.#tellLocked(false);
  }

  /** `onEnd` is called before the first session leaves. */
  async end(options: { reason?: string }, onEnd: () => void): Promise<void> {
    const reason = readReason('end()', 'room.end({ reason })', options) ?? 'The room has been ended.';
    onEnd();
    this.#end = new RelayError('ERR_RELAY_ROOM_ENDED', reason);
    await this.#closeAll([...this.sessions], this.#end);
  }

  #of(userId: string): ModeratedSession[] {
    return [...this.sessions].filter((session) => session.userId === userId);
  }

  #affected(target: MuteTarget): ModeratedSession[] {
    checkMuteTarget(target);
    if (!('trackId' in target)) return this.#of(checkId(target.userId, 'userId'));
    return [...this.sessions].filter(({ tracks }) =>
      tracks.some(({ trackId }) => trackId === target.trackId),
    );
  }

  async #closeAll(sessions: ModeratedSession[], error: RelayError): Promise<void> {
    await Promise.all(sessions.map((session) => session.close({ by: 'application', error })));
  }

  #tellLocked(locked: boolean): void {
    for (const session of [...this.sessions]) session.emitter.notifyRoom({ locked });
  }
}
