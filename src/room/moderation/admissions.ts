import { unavailable } from '../../backplane/attempt.js';
import type { Kick, RoomFields, RoomLog } from '../../backplane/backplane.js';
import type { Ban, BanStore } from '../../backplane/ban-store.js';
import type { RoomJournal } from '../../backplane/journal.js';
import { endOf } from '../../backplane/room-change.js';
import { RelayError } from '../../protocol/errors.js';
import { andThen, isPromise } from '../../util/is-promise.js';
import { refuseBanned, unlessUnknown } from './banned.js';
import { lastKick } from './kicks.js';
import type { ModeratedSession } from './moderated-session.js';

/** The room that is joined. */
interface JoinedRoom {
  readonly id: string;
  readonly log: RoomLog;
  readonly journal: RoomJournal;
  readonly opened: Promise<unknown> | undefined;
}

/** Whether a room refuses all changes: it has ended, or this process does not have it any more. */
export function isOver({ code }: RelayError): boolean {
  return code === 'ERR_RELAY_ROOM_ENDED' || code === 'ERR_RELAY_CLOSED';
}

/** Who may join a room, or come back to it. */
export class Admissions {
  readonly #room: JoinedRoom;
  readonly #bans: BanStore;
  /** By admitted session, the number of the newest removal before. */
  readonly #kicks = new WeakMap<ModeratedSession, number>();

  constructor(room: JoinedRoom, bans: BanStore) {
    this.#room = room;
    this.#bans = bans;
  }

  admit(session: ModeratedSession): void | Promise<void> {
    const { id, log, opened } = this.#room;
    // In this order: a user who is banned from here on is found by the ban, or by the number of the removal.
    const known = opened ? this.#know(session, opened) : this.#note(session, log.state);
    const ban = andThen(known, () => this.#bans.find(id, session.userId));
    if (!isPromise(ban)) this.#check(session, ban);
    else return Promise.resolve(ban).then((found) => this.#check(session, found));
  }

  readmit(userId: string): void | Promise<void> {
    const ban = this.#bans.find(this.#room.id, userId);
    if (!isPromise(ban)) refuseBanned(ban);
    else return Promise.resolve(ban).then(refuseBanned, unlessUnknown);
  }

  /** The session was admitted by another process, and has its seat: removals from here on concern it. */
  arrived(session: ModeratedSession): void {
    this.#note(session, this.#room.log.state);
  }

  /** Whether the session was admitted after the removal of its user. */
  isAfter(session: ModeratedSession, kick: Kick): boolean {
    return (this.#kicks.get(session) ?? kick.number) >= kick.number;
  }

  /** The rules apply to the state of all processes, whatever this one has heard of it so far. */
  async #know(session: ModeratedSession, opened: Promise<unknown>): Promise<void> {
    await opened;
    const { refused } = await this.#room.log.commit((state) => {
      this.#note(session, state);
      return {};
    });
    // With its end the room is refused below.
    if (refused && refused.code !== 'ERR_RELAY_ROOM_ENDED')
      throw isOver(refused) ? unavailable(refused) : refused;
  }

  #note(session: ModeratedSession, state: RoomFields): void {
    this.#kicks.set(session, lastKick(state));
  }

  #check({ userId, isNamed, replaces, grants }: ModeratedSession, ban: Ban | undefined): void {
    refuseBanned(ban);
    const { end, locked, regulars, removals } = this.#room.journal.state;
    if (end !== undefined) throw endOf(end);
    // The session of a dead process can be replaced even if its user was removed meanwhile.
    const replacesOne = replaces !== undefined && !removals?.has(replaces);
    const isRegular = replacesOne || (isNamed && regulars?.has(userId));
    if (locked && !isRegular && grants.roomAdmin !== true)
      throw new RelayError('ERR_RELAY_ROOM_LOCKED', 'The room is locked: nobody may join it now.');
  }
}
