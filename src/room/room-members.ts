import type { Audience } from '../messages/room-messages.js';
import type {
  MessageDeletion,
  Metadata,
  Participant,
  ParticipantsEvent,
  ParticipantUpdate,
  RoomMessage,
  Track,
  TracksEvent,
} from '../protocol/types.js';
import { Publishers } from './publishers.js';
import { type Offered, type RoomEvents, RoomMember, type RoomSession } from './room-member.js';

/** The participants of one room and their tracks; notifies every member of changes and messages, in one order. */
export class RoomMembers implements Audience {
  readonly publishers = new Publishers();
  readonly #members = new Map<string, RoomMember>();
  readonly #membersOfUser = new Map<string, Set<RoomMember>>();
  /** Notifications in their order, while one of them runs. */
  #notifications: (() => void)[] | undefined;
  #revision = 0;

  /** The number of changes so far. */
  get revision(): number {
    return this.#revision;
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

  tracksOf(sessionId: string): readonly Track[] {
    return this.#members.get(sessionId)?.shown ?? [];
  }

  /** Whether a client may write to this user: other participants can see one of the user's sessions. */
  isPresent(userId: string): boolean {
    for (const { session } of this.#membersOfUser.get(userId) ?? []) if (!session.hidden) return true;
    return false;
  }

  add(session: RoomSession, tracks: readonly Track[], cut: ReadonlySet<string>, metadata?: Metadata): void {
    const member = new RoomMember(session, tracks, cut, metadata);
    this.#members.set(session.id, member);
    this.publishers.update(member);
    const others = this.#membersOfUser.get(session.userId);
    if (others) others.add(member);
    else this.#membersOfUser.set(session.userId, new Set([member]));
    this.#notifyParticipants(member, 'joined');
  }

  remove(session: RoomSession): void {
    const member = this.#members.get(session.id);
    if (!member || member.session !== session) return;
    this.#members.delete(session.id);
    this.publishers.delete(member);
    const others = this.#membersOfUser.get(session.userId);
    others?.delete(member);
    if (others?.size === 0) this.#membersOfUser.delete(session.userId);
    this.#notifyParticipants(member, 'left');
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
  }

  /** `update` is checked already. */
  update(session: RoomSession, { metadata, tracks = [] }: ParticipantUpdate): void {
    const member = this.#members.get(session.id);
    if (!member) return;
    this.#notifyTracks(member, 'updated', member.mute(tracks));
    if (metadata === undefined) return;
    member.describe(metadata);
    this.#notifyParticipants(member, 'updated');
  }

  /** The role of a session has changed. */
  roleChanged(session: RoomSession): void {
    const member = this.#members.get(session.id);
    if (member) this.#notifyParticipants(member, 'updated');
  }

  deliver(message: RoomMessage, mayDrop: boolean): void {
    this.#inOrder(() => {
      const { to } = message;
      const members = to === undefined ? this.#members.values() : (this.#membersOfUser.get(to) ?? []);
      for (const { session } of members) session.emitter.notifyMessage(message, mayDrop);
    });
  }

  deleted(deletion: MessageDeletion): void {
    this.#inOrder(() => {
      for (const { session } of this.#members.values()) session.emitter.notifyDeletion(deletion);
    });
  }

  #notifyParticipants(member: RoomMember, state: ParticipantsEvent['state']): void {
    if (member.session.hidden) return;
    const event = { revision: ++this.#revision, state, participant: member.participant };
    this.#notifyOthers(member, (other) => other.notifyParticipants(event));
  }

  #notifyTracks(member: RoomMember, state: TracksEvent['state'], tracks: Track[]): void {
    const { id: sessionId, userId, hidden } = member.session;
    if (tracks.length === 0 || hidden) return;
    const event = { revision: ++this.#revision, state, sessionId, userId, tracks };
    this.#notifyOthers(member, (other) => other.notifyTracks(event));
  }

  #notifyOthers(member: RoomMember, notify: (other: RoomEvents) => void): void {
    const others = [...this.#members.values()].filter((other) => other !== member);
    this.#inOrder(() => {
      for (const { session } of others) {
        if (this.#members.get(session.id)?.session === session) notify(session.emitter);
      }
    });
  }

  /**
   * A listener may leave the room or send to it, which is another notification: it waits until every member has got the
   * current one.
   */
  #inOrder(notify: () => void): void {
    if (this.#notifications) {
      this.#notifications.push(notify);
      return;
    }
    this.#notifications = [notify];
    // The loop includes notifications that are added while it runs.
    for (const next of this.#notifications) next();
    this.#notifications = undefined;
  }
}
