import { unavailable } from '../../backplane/attempt.js';
import type {
  MaybePromise,
  Outcome,
  Propose,
  RoomChange,
  RoomFields,
  RoomSink,
} from '../../backplane/backplane.js';
import { type BanOptions, type BanStore, makeBan, readReason } from '../../backplane/ban-store.js';
import { endOf } from '../../backplane/room-change.js';
import { RelayError } from '../../protocol/errors.js';
import { checkId } from '../../protocol/ids.js';
import type { MuteTarget, Track } from '../../protocol/types.js';
import { inSlices } from '../../util/in-slices.js';
import { andThen, disregard, isPromise } from '../../util/is-promise.js';
import { noop } from '../../util/noop.js';
import { UserIndex } from '../../util/user-index.js';
import { Admissions, isOver } from './admissions.js';
import { afterWhatWaits, inTurn } from './ban-changes.js';
import { REMOVED } from './banned.js';
import { proposeKick } from './kicks.js';
import { proposeLock, proposeUnlock } from './lock.js';
import type { ModeratedRoom, ModerationElsewhere } from './moderated-room.js';
import type { ModeratedSession } from './moderated-session.js';
import {
  checkMuteTarget,
  isMuted,
  proposeFollow,
  proposeForget,
  proposeMute,
  proposeUnmute,
} from './mutes.js';

type Done = Extract<Outcome, { refused?: never }>;

/** The moderation of one room: bans, mutes, the lock, the end. The room's log holds all but the bans. */
export class Moderation implements RoomSink {
  /** Joining, joined and closing sessions. */
  readonly sessions = new UserIndex<ModeratedSession>();
  /** Messages go to the room by its channel. */
  readonly appended = noop;
  /** Undefined where there are no others. */
  elsewhere: ModerationElsewhere | undefined;
  readonly #room: ModeratedRoom;
  readonly #bans: BanStore;
  readonly #admissions: Admissions;
  #isToldLocked = false;
  #isCommitting = false;
  #hadMutes = false;
  /** The new ids of muted tracks that the log does not have yet. */
  readonly #followed = new Set<string>();

  constructor(room: ModeratedRoom, bans: BanStore) {
    this.#room = room;
    this.#bans = bans;
    this.#admissions = new Admissions(room, bans);
  }

  get isLocked(): boolean {
    return this.#state.locked === true;
  }

  get hasEnded(): boolean {
    return this.#state.end !== undefined;
  }

  snapshot({ locked, end, kicks, mutedTracks, mutedUsers }: RoomFields): void {
    this.#tellLocked(locked === true);
    this.#kicked(kicks);
    const hasMutes = mutedTracks !== undefined || mutedUsers !== undefined;
    if (hasMutes || this.#hadMutes) for (const session of this.sessions) void session.permissions.revise();
    this.#hadMutes = hasMutes;
    if (end !== undefined) void this.#ended(end);
  }

  changed(change: RoomChange): void {
    const { isBehind } = this.#room.journal;
    if ('locked' in change) this.#tellLocked(isBehind ? this.isLocked : change.locked === true);
    this.#kicked(change.kicks);
    if (change.end !== undefined) void this.#ended(change.end);
    const { mutedTracks, mutedUsers } = change;
    if (mutedTracks || mutedUsers) this.#hadMutes = true;
    if (this.#isCommitting || !(mutedTracks || mutedUsers)) return;
    for (const session of this.sessions) {
      const { userId, tracks } = session;
      if (
        tracks.some(({ trackId, kind }) => mutedTracks?.has(trackId) || mutedUsers?.has(`${kind} ${userId}`))
      )
        void session.permissions.revise();
    }
  }

  /**
   * Checks whether a session may join. Returns a promise only where the log or the ban store does.
   * @throws RelayError `ERR_RELAY_REMOVED`, `ERR_RELAY_ROOM_LOCKED`, `ERR_RELAY_ROOM_ENDED`; at once or by the promise
   */
  admit(session: ModeratedSession): void | Promise<void> {
    return this.#admissions.admit(session);
  }

  /** A session comes from another process, which has admitted it. */
  arrived(session: ModeratedSession): void {
    this.#admissions.arrived(session);
  }

  /**
   * Checks whether a session may stay whose client comes back. A locked room keeps it.
   * @throws RelayError `ERR_RELAY_REMOVED`; at once or by the promise
   */
  readmit({ userId }: ModeratedSession): void | Promise<void> {
    return this.#admissions.readmit(userId);
  }

  async kick(userId: string, options: { reason?: string }): Promise<void> {
    const reason = readReason('kick()', 'room.kick(userId, { reason })', options);
    const error = new RelayError('ERR_RELAY_REMOVED', reason ?? REMOVED);
    const id = checkId(userId, 'userId');
    const removed = this.#commit((state) => proposeKick(state, id, error.message));
    const closed = this.#closeAll([...this.sessions.ofUser(userId)], error);
    const [outcome] = await Promise.all([removed, closed]);
    // Not before: what they do from now on is refused. Those who hear of it later remove the user by themselves.
    if (!outcome?.later) await this.elsewhere?.close(id, error);
  }

  async ban(userId: string, options: BanOptions): Promise<void> {
    const ban = makeBan(userId, options);
    // Set the ban first: later joins are refused, and joins that began before are among the sessions that `kick` closes.
    await inTurn(this.#room.journal, () => this.#bans.set(this.#room.id, ban));
    await this.kick(userId, options.reason === undefined ? {} : { reason: options.reason });
  }

  async unban(userId: string): Promise<void> {
    const id = checkId(userId, 'userId');
    await afterWhatWaits(this.#room.journal, () => this.#bans.delete(this.#room.id, id));
  }

  async mute(target: MuteTarget): Promise<void> {
    const { sessions, userId } = this.#affected(target);
    if (userId === undefined)
      throw new RelayError('ERR_RELAY_INVALID_PARAMS', 'There is no such track in the room.');
    await this.#revise(
      this.#commit((state) => proposeMute(state, target)),
      sessions,
      userId,
    );
  }

  async unmute(target: MuteTarget): Promise<void> {
    const { sessions, userId } = this.#affected(target);
    const tracks = userId === undefined ? [] : this.#room.members.tracksOfUser(userId);
    await this.#revise(
      this.#commit((state) => proposeUnmute(state, target, tracks)),
      sessions,
      userId,
    );
  }

  /** Tracks have got new ids: mutes follow them. @returns the new ids that are muted by that */
  follow(renamed: ReadonlyArray<readonly [string, string]> | ReadonlyMap<string, string>): string[] {
    if (!this.#state.mutedTracks) return [];
    const change = this.#commit((state) => proposeFollow(state, renamed));
    if (!isPromise(change)) return [...(change?.change.mutedTracks?.keys() ?? [])];
    const { mutedTracks } = proposeFollow(this.#state, renamed);
    const trackIds = [...(mutedTracks?.keys() ?? [])];
    for (const trackId of trackIds) this.#followed.add(trackId);
    const done = () => {
      for (const trackId of trackIds) this.#followed.delete(trackId);
    };
    // Where it fails they stay muted here.
    change.then(done, noop);
    return trackIds;
  }

  /** No session uses these track ids any more. */
  forget(trackIds: readonly string[]): void {
    if (!this.#state.mutedTracks) return;
    disregard(this.#commit((state) => proposeForget(state, trackIds)));
  }

  isMuted(userId: string, track: Track): boolean {
    return isMuted(this.#state, userId, track) || this.#followed.has(track.trackId);
  }

  lock(): void | Promise<void> {
    const users = this.isLocked ? [] : this.#namedUsers();
    return this.#settled(this.#commit((state) => proposeLock(state, users)));
  }

  unlock(): void | Promise<void> {
    return this.#settled(this.#commit(proposeUnlock));
  }

  async end(options: { reason?: string }): Promise<void> {
    const reason = readReason('end()', 'room.end({ reason })', options) ?? 'The room has been ended.';
    const { log } = this.#room;
    const { kin } = log;
    // Not of a later room, whose participants have come while this process was alone.
    const change = this.#commit(() => (kin === undefined || kin === log.kin ? { end: reason } : {}));
    const outcome = isPromise(change) ? await change : change;
    const forget = () => this.elsewhere?.forget();
    const forgotten = outcome?.later ? void outcome.later.then(forget).catch(noop) : forget();
    await Promise.all([this.#ended(this.#state.end ?? reason), forgotten]);
  }

  /** Sessions that had been admitted before their users were removed end. */
  #kicked(kicks: RoomChange['kicks']): void {
    for (const [userId, kick] of kicks ?? []) {
      if (!kick) continue;
      const error = new RelayError('ERR_RELAY_REMOVED', kick.reason);
      for (const session of this.sessions.ofUser(userId))
        if (!this.#admissions.isAfter(session, kick)) void session.close({ by: 'application', error });
    }
  }

  /** Before the first session leaves, the room's messages are forgotten. */
  #ended(reason: string): Promise<void> {
    this.#room.messages.forget();
    this.#room.members.silence();
    return this.#closeAll([...this.sessions], endOf(reason));
  }

  async #revise(
    change: MaybePromise<Done | undefined>,
    sessions: readonly ModeratedSession[],
    userId: string | undefined,
  ): Promise<void> {
    const outcome = isPromise(change) ? await change : change;
    await Promise.all(sessions.map((session) => session.permissions.revise()));
    if (userId !== undefined && !outcome?.later) await this.elsewhere?.revise(userId);
  }

  /** Who does not wait for it does not miss a failure either. */
  #settled(change: MaybePromise<unknown>): void | Promise<void> {
    if (!isPromise(change)) return;
    const settled = Promise.resolve(change).then(noop);
    settled.catch(noop);
    return settled;
  }

  get #state(): RoomFields {
    return this.#room.journal.state;
  }

  /**
   * Changes the room; where the others hear of it later, at least here. One that has ended, or that everybody has left, is not changed
   * any more, which is no error.
   * @throws the refusal of `propose`
   */
  #commit(propose: Propose): MaybePromise<Done | undefined> {
    this.#isCommitting = true;
    try {
      return andThen(this.#room.journal.commit(propose), (outcome) => {
        if (!outcome.refused) {
          if (outcome.later) this.changed(outcome.change);
          return outcome;
        }
        const { refused } = outcome;
        // A shared log refuses also where this process is not one of the others any more.
        if (refused.code === 'ERR_RELAY_CLOSED' && this.elsewhere && [...this.sessions].length > 0)
          throw unavailable(refused);
        if (!isOver(refused)) throw refused;
      });
    } finally {
      this.#isCommitting = false;
    }
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

  /** Who is muted; no user where there is no such track. */
  #affected(target: MuteTarget): { sessions: readonly ModeratedSession[]; userId: string | undefined } {
    checkMuteTarget(target);
    if (!('trackId' in target)) {
      const userId = checkId(target.userId, 'userId');
      return { sessions: this.sessions.ofUser(userId), userId };
    }
    const { members } = this.#room;
    const owner = members.publishers.findTrack(target.trackId)?.sessionId;
    const userId = owner === undefined ? undefined : members.anyUserOf(owner);
    const all = userId === undefined ? [] : this.sessions.ofUser(userId);
    return { sessions: all.filter(({ id }) => id === owner), userId };
  }

  async #closeAll(sessions: Iterable<ModeratedSession>, error: RelayError): Promise<void> {
    const closed: Promise<void>[] = [];
    await inSlices(sessions, (session) => closed.push(session.close({ by: 'application', error })));
    await Promise.all(closed);
  }
}
