import type { Recipients } from '../../messages/room-messages.js';
import type {
  Audience,
  ParticipantPage,
  ParticipantQuery,
  ParticipantsEvent,
  TracksEvent,
} from '../../protocol/room-events.js';
import type {
  MessageDeletion,
  Metadata,
  Participant,
  ParticipantUpdate,
  RoomMessage,
  Track,
} from '../../protocol/types.js';
import { UserIndex } from '../../util/user-index.js';
import { FanOut } from './fan-out.js';
import { ParticipantNotifier, type ParticipantPolicy } from './participant-notifier.js';
import { findPage, readQuery } from './participant-page.js';
import { Publishers } from './publishers.js';
import { type Offered, RoomMember, type RoomSession } from './room-member.js';

/** What a client that joins is told of the participants. */
export interface ParticipantSnapshot {
  participants: Participant[];
  audience: Audience;
  revision: number;
  /** Whether the client itself is listed. */
  listed: boolean;
  /** Events with the listed participants for which there was no room. */
  rest: ParticipantsEvent[];
}

/** Is told of what becomes of the members. */
export interface MembersObserver {
  /** What the others see of a member, or whether they list it, may have changed. */
  touched(member: RoomMember): void;
  left(member: RoomMember): void;
  /** All changes of one cause are complete. */
  settled(): void;
}

/** The participants of one room and their tracks; notifies every member of changes and messages, in one order. */
export class RoomMembers implements Recipients {
  readonly publishers = new Publishers();
  observer: MembersObserver | undefined;
  readonly #members = new Map<string, RoomMember>();
  readonly #users = new UserIndex<RoomMember>();
  readonly #fanOut: FanOut<RoomMember>;
  readonly #notifier: ParticipantNotifier;
  #order = 0;

  /** `slice`: how many members one turn of the event loop notifies. */
  constructor(policy: ParticipantPolicy, slice?: number) {
    this.#fanOut = new FanOut(this.#members, slice);
    this.#notifier = new ParticipantNotifier(policy, this.#fanOut, (member) =>
      this.observer?.touched(member),
    );
  }

  /** The number of changes so far. */
  get revision(): number {
    return this.#notifier.revision;
  }

  get audience(): Audience {
    return this.#notifier.audience;
  }

  /** Hidden members count. */
  get size(): number {
    return this.#members.size;
  }

  /** Visible participants but for one session, with their tracks. */
  others(sessionId: string): Participant[] {
    const others: Participant[] = [];
    for (const member of this.#members.values()) {
      if (!member.session.hidden && member.session.id !== sessionId) others.push(member.participant);
    }
    return others;
  }

  /** Notifies a session now of what is on its way to it, so that nothing of it follows a description of the room as it is. */
  catchUp(sessionId: string): void {
    const member = this.#members.get(sessionId);
    if (member) this.#fanOut.catchUp(member);
  }

  /** The listed participants but for one session: as many as `maxBytes` of JSON hold, and the rest as events. */
  snapshot(sessionId: string, maxBytes: number): ParticipantSnapshot {
    const participants: Participant[] = [];
    const rest: RoomMember[] = [];
    let bytes = 0;
    for (const member of this.#notifier.listing) {
      if (member.session.id === sessionId) continue;
      bytes += member.entry.bytes;
      if (bytes <= maxBytes) participants.push(member.entry.participant);
      else rest.push(member);
    }
    this.#notifier.shown();
    const { revision, audience } = this;
    const listed = this.#members.get(sessionId)?.isListed === true;
    return { participants, audience, revision, listed, rest: this.#notifier.restOf(rest) };
  }

  /**
   * One page of the participants, counted ones too; their changes follow until the next page.
   * @throws RelayError `ERR_RELAY_INVALID_PARAMS`
   */
  page(session: RoomSession, query: ParticipantQuery, maxBytes: number): ParticipantPage {
    const read = readQuery(query);
    const viewer = this.#members.get(session.id);
    // No older event follows the page.
    if (viewer) this.#fanOut.catchUp(viewer);
    const { page, members } = findPage(this.#members.values(), read, viewer, maxBytes);
    if (viewer) this.#notifier.turnPage(viewer, members);
    const { audience, revision } = this;
    return { ...page, audience, revision };
  }

  tracksOf(sessionId: string): readonly Track[] {
    return this.#members.get(sessionId)?.shown ?? [];
  }

  tracksOfUser(userId: string): readonly Track[] {
    return this.#users.ofUser(userId).flatMap(({ shown }) => shown);
  }

  /** The user of a session, even of a hidden one. */
  anyUserOf(sessionId: string): string | undefined {
    return this.#members.get(sessionId)?.session.userId;
  }

  /** The user of a visible session. */
  userOf(sessionId: string): string | undefined {
    const { hidden, userId } = this.#members.get(sessionId)?.session ?? {};
    return hidden ? undefined : userId;
  }

  /** Those who may moderate, hidden ones included. */
  get moderators(): RoomMember[] {
    return [...this.#members.values()].filter(({ session }) => session.grants.roomAdmin === true);
  }

  /** Whether a client may write to this user: other participants can see one of the user's sessions. */
  isPresent(userId: string): boolean {
    for (const { session } of this.#users.ofUser(userId)) if (!session.hidden) return true;
    return false;
  }

  add(session: RoomSession, offered: Offered, metadata?: Metadata): void {
    const member = new RoomMember(session, this.#order, offered, metadata);
    member.since = this.#fanOut.count;
    if (!session.hidden) this.#order += 1;
    this.#members.set(session.id, member);
    this.publishers.update(member);
    this.#users.add(member);
    this.#notifier.joined(member);
    this.#changed(member);
  }

  /** Undefined where there is no such participant. */
  member(sessionId: string): RoomMember | undefined {
    return this.#members.get(sessionId);
  }

  /** The same participant in another process, of which nobody is told. */
  adopt(session: RoomSession, offered: Offered, metadata?: Metadata): void {
    const member = this.#members.get(session.id);
    if (!member) {
      this.add(session, offered, metadata);
      return;
    }
    this.#notifier.flush();
    this.#fanOut.catchUp(member);
    member.assume(session, offered);
    this.publishers.update(member);
    this.#changed(member);
  }

  /** Clients that come from another process know this revision: all later ones have to be greater. */
  raise(revision: number): void {
    this.#notifier.raise(revision);
  }

  remove(session: RoomSession): void {
    const member = this.#members.get(session.id);
    if (!member || member.session !== session) return;
    this.#members.delete(session.id);
    // A message of the room to one who is put out afterwards arrives.
    this.#fanOut.catchUp(member);
    member.hasLeft = true;
    this.publishers.delete(member);
    this.#users.delete(member);
    this.#notifier.left(member);
    if (this.#members.size === 0) this.#notifier.flush();
    this.observer?.left(member);
    this.observer?.settled();
  }

  /** Participants who are counted only, and whom this room knows no more of. */
  setUnknown(count: number): void {
    this.#notifier.setUnknown(count);
  }

  /** Everybody is about to leave: nobody is told of the others any more. */
  silence(): void {
    this.#notifier.silence();
  }

  /** The SFU has accepted an offer of the session: notifies the others of the difference. */
  setTracks(session: RoomSession, offered: Offered): void {
    const member = this.#members.get(session.id);
    if (!member) return;
    const { removed, updated, added } = member.publish(offered);
    this.publishers.update(member);
    this.#notifyTracks(member, 'removed', removed);
    this.#notifyTracks(member, 'updated', updated);
    this.#notifyTracks(member, 'added', added);
    this.#changed(member);
  }

  /** `update` is checked already. */
  update(session: RoomSession, { metadata, tracks = [] }: ParticipantUpdate): void {
    const member = this.#members.get(session.id);
    if (!member) return;
    this.#notifyTracks(member, 'updated', member.mute(tracks));
    if (metadata !== undefined) {
      member.describe(metadata);
      this.#notifier.updated(member);
    }
    this.#changed(member);
  }

  /** The role or the grants of a session have changed. */
  permissionsChanged(session: RoomSession): void {
    const member = this.#members.get(session.id);
    if (!member) return;
    if (member.permissionsChanged()) this.#notifier.updated(member);
    else this.#notifier.relisted(member);
    this.#changed(member);
  }

  /** The client of a session has lost its connection, or has another one: notifies the others with what is gathered. */
  setConnection(session: RoomSession, connection: NonNullable<Participant['connection']>): void {
    const member = this.#members.get(session.id);
    if (!member?.setConnection(connection)) return;
    this.#notifier.connectionChanged(member);
    this.#changed(member);
  }

  deliver(message: RoomMessage, mayDrop: boolean): void {
    const { to, from } = message;
    const sender = to === undefined && from && this.#members.get(from.sessionId);
    if (sender) {
      this.#notifier.wrote(sender);
      this.observer?.settled();
    }
    const notify = ({ session }: RoomMember) => session.emitter.notifyMessage(message, mayDrop);
    if (to === undefined) this.#fanOut.toAll(notify);
    else this.#fanOut.toSome(new Set(this.#users.ofUser(to)), notify);
  }

  deleted(deletion: MessageDeletion): void {
    this.#fanOut.toAll(({ session }) => session.emitter.notifyDeletion(deletion));
  }

  locked(locked: boolean): void {
    this.#fanOut.toAll(({ session }) => session.emitter.notifyRoom({ locked }));
  }

  #changed(member: RoomMember): void {
    this.observer?.touched(member);
    this.observer?.settled();
  }

  #notifyTracks(member: RoomMember, state: TracksEvent['state'], tracks: Track[]): void {
    const { id: sessionId, userId, hidden } = member.session;
    if (tracks.length === 0 || hidden) return;
    const revision = this.#notifier.tracksChanged(member);
    const event = { revision, state, sessionId, userId, tracks };
    this.#fanOut.toAll((other) => {
      if (other !== member) other.session.emitter.notifyTracks(event);
    });
  }
}
