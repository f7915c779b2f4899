import { type BanOptions, type BanStore, MemoryBans } from '../backplane/ban-store.js';
import { checkMessage } from '../messages/draft.js';
import { RoomMessages } from '../messages/room-messages.js';
import { checkId } from '../protocol/ids.js';
import type {
  MessageDeletion,
  MessageReceipt,
  Metadata,
  MuteTarget,
  OutgoingMessage,
  Participant,
  ParticipantsEvent,
  ParticipantUpdate,
  RoomMessage,
  Track,
  TracksEvent,
} from '../protocol/types.js';
import { Moderation } from './moderation/moderation.js';
import { Publishers } from './publishers.js';
import { type Member, type Offered, Seat } from './room-member.js';

/**
 * Who is in a room and what they publish, as this relay knows it. Ion announces a peer's first tracks only, and to
 * every room; so tracks come from the publishers' offers, once the SFU has accepted them.
 * @category Room
 */
export class Room {
  readonly id: string;
  /** @internal What it is told, and who may be told. */
  readonly messages: RoomMessages;
  /** @internal Who may be in it and be heard. */
  readonly moderation: Moderation;
  readonly #seats = new Map<string, Seat>();
  /** @internal */ readonly publishers = new Publishers();
  readonly #seatsOfUser = new Map<string, Set<Seat>>();
  /** Events that are being told, in their order; while there are any. */
  #outbox: (() => void)[] | undefined;
  #revision = 0;
  /** @internal Sessions that are joining, joined or ending: while there are any, the relay keeps the room. */
  sessionCount = 0;

  /** @internal */
  constructor(
    id: string,
    messages = new RoomMessages(id, { kinds: new Map() }),
    bans: BanStore = new MemoryBans(),
  ) {
    this.id = id;
    this.moderation = new Moderation(id, bans);
    this.messages = messages;
    messages.audience = this;
  }

  /**
   * A message of the server's own: to everybody, or with `to` to a user. Its kind is one of the option `messages`.
   * @throws RelayError `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_TOO_LARGE`
   */
  async send(message: OutgoingMessage): Promise<MessageReceipt> {
    checkMessage('room.send', message);
    return this.messages.send(message);
  }

  /** Tells everybody that a message is deleted, and does not give it to those who join later. */
  deleteMessage(messageId: string): void {
    this.messages.delete(checkId(messageId, 'messageId'));
  }

  /** What those who join are given: the newest messages of kinds with a history, and what was counted of others. */
  get recentMessages(): RoomMessage[] {
    return this.messages.recent;
  }

  /** Counts the room's changes. */
  get revision(): number {
    return this.#revision;
  }

  /** Sessions in it, hidden ones included. */
  get size(): number {
    return this.#seats.size;
  }

  /** Those who are to be seen, with their tracks. */
  get participants(): Participant[] {
    return this.others('');
  }

  /** Those whom one session sees, with their tracks. */
  others(sessionId: string): Participant[] {
    const others: Participant[] = [];
    for (const seat of this.#seats.values()) {
      if (!seat.member.hidden && seat.member.id !== sessionId) others.push(seat.participant);
    }
    return others;
  }

  tracksOf(sessionId: string): readonly Track[] {
    return this.#seats.get(sessionId)?.shown ?? [];
  }

  /** The track and who publishes it; undefined where the room has none of that id. */
  findTrack(trackId: string): { track: Track; sessionId: string } | undefined {
    return this.publishers.findTrack(trackId);
  }

  /** Who publishes under a stream's id. `-` is nobody's: it says that a track is in no stream (RFC 8830). */
  ownerOfStream(streamId: string): string | undefined {
    return streamId === '-' ? undefined : this.publishers.ownerOfStream(streamId);
  }

  /** Whether only those may join who were in it when it was locked. */
  get locked(): boolean {
    return this.moderation.isLocked;
  }

  /**
   * Puts a user out: the connections are closed with 4403. They may join again; `ban` keeps them out.
   * @param options `reason`: what the user is told, up to 100 characters
   * @returns when the SFU has let them go
   */
  kick(userId: string, options: { reason?: string } = {}): Promise<void> {
    return this.moderation.kick(userId, options);
  }

  /**
   * Puts a user out and keeps them out, whatever their token says, also when the room has been empty meanwhile. It
   * bans a user id: name users in `authenticate`, or they can come back under another.
   * @throws RelayError `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_TOO_MANY`, or what the store rejects with
   */
  ban(userId: string, options: BanOptions = {}): Promise<void> {
    return this.moderation.ban(userId, options);
  }

  unban(userId: string): Promise<void> {
    return this.moderation.unban(userId);
  }

  /**
   * Cuts a track off at the SFU, whatever its publisher goes on sending: `{ trackId }`. With `{ userId, kind? }` all
   * that a user publishes, now and later, as long as the room lasts.
   * @returns when the SFU takes no more of it
   * @throws RelayError `ERR_RELAY_INVALID_PARAMS` where there is no such track, `ERR_RELAY_TOO_MANY`
   */
  mute(target: MuteTarget): Promise<void> {
    return this.moderation.mute(target);
  }

  /** Lifts what `mute` did; that of a user lifts those of their tracks, too. */
  unmute(target: MuteTarget): Promise<void> {
    return this.moderation.unmute(target);
  }

  /**
   * Nobody may join, but moderators and the users who are in it now: they may reconnect. Known is a user whom
   * `authenticate` names. It ends with the room.
   */
  lock(): void {
    this.moderation.lock();
  }

  unlock(): void {
    this.moderation.unlock();
  }

  /**
   * Puts everybody out, also who is joining: the connections are closed with 4410. Who joins after that is in a new
   * room of this name, without the messages of this one.
   */
  end(options: { reason?: string } = {}): Promise<void> {
    return this.moderation.end(options, () => this.messages.forget());
  }

  /** @internal */
  add(member: Member, tracks: readonly Track[], cut: ReadonlySet<string>, metadata?: Metadata): void {
    const seat = new Seat(member, tracks, cut, metadata);
    this.#seats.set(member.id, seat);
    this.publishers.update(seat);
    const others = this.#seatsOfUser.get(member.userId);
    if (others) others.add(seat);
    else this.#seatsOfUser.set(member.userId, new Set([seat]));
    this.#tellOfParticipant(seat, 'joined');
  }

  /** @internal */
  remove(member: Member): void {
    const seat = this.#seats.get(member.id);
    if (!seat || seat.member !== member) return;
    this.#seats.delete(member.id);
    this.publishers.delete(seat);
    const others = this.#seatsOfUser.get(member.userId);
    others?.delete(seat);
    if (others?.size === 0) this.#seatsOfUser.delete(member.userId);
    this.#tellOfParticipant(seat, 'left');
  }

  /**
   * @internal The SFU has accepted an offer of the member; the others hear of what it changes.
   */
  setTracks(member: Member, offered: Offered): void {
    const seat = this.#seats.get(member.id);
    if (!seat) return;
    const { removed, updated, added } = seat.publish(offered);
    this.publishers.update(seat);
    this.#tellOfTracks(seat, 'removed', removed);
    this.#tellOfTracks(seat, 'updated', updated);
    this.#tellOfTracks(seat, 'added', added);
  }

  /** @internal What a member says of itself: checked before. */
  update(member: Member, { metadata, tracks = [] }: ParticipantUpdate): void {
    const seat = this.#seats.get(member.id);
    if (!seat) return;
    this.#tellOfTracks(seat, 'updated', seat.mute(tracks));
    if (metadata === undefined) return;
    seat.describe(metadata);
    this.#tellOfParticipant(seat, 'updated');
  }

  /** @internal What is known of a member has changed: its role. */
  refresh(member: Member): void {
    const seat = this.#seats.get(member.id);
    if (seat) this.#tellOfParticipant(seat, 'updated');
  }

  #tellOfParticipant(seat: Seat, state: ParticipantsEvent['state']): void {
    if (seat.member.hidden) return;
    const event = { revision: ++this.#revision, state, participant: seat.participant };
    this.#tellOthers(seat, (other) => other.notifyParticipants(event));
  }

  #tellOfTracks(seat: Seat, state: TracksEvent['state'], tracks: Track[]): void {
    const { id: sessionId, userId, hidden } = seat.member;
    if (tracks.length === 0 || hidden) return;
    const event = { revision: ++this.#revision, state, sessionId, userId, tracks };
    this.#tellOthers(seat, (other) => other.notifyTracks(event));
  }

  /** @internal */
  isPresent(userId: string): boolean {
    for (const { member } of this.#seatsOfUser.get(userId) ?? []) if (!member.hidden) return true;
    return false;
  }

  /** @internal */
  deliver(message: RoomMessage, mayDrop: boolean): void {
    this.#inTurn(() => {
      const { to } = message;
      const seats = to === undefined ? this.#seats.values() : (this.#seatsOfUser.get(to) ?? []);
      for (const { member } of seats) member.notifyMessage(message, mayDrop);
    });
  }

  /** @internal */
  deleted(deletion: MessageDeletion): void {
    this.#inTurn(() => {
      for (const { member } of this.#seats.values()) member.notifyDeletion(deletion);
    });
  }

  #tellOthers(seat: Seat, notify: (other: Member) => void): void {
    const others = [...this.#seats.values()].filter((other) => other !== seat);
    this.#inTurn(() => {
      for (const { member } of others) {
        if (this.#seats.get(member.id)?.member === member) notify(member);
      }
    });
  }

  /**
   * A listener may leave the room in the middle of an event, or send to it, which is the next event: all hear of the
   * one before the other.
   */
  #inTurn(tell: () => void): void {
    if (this.#outbox) {
      this.#outbox.push(tell);
      return;
    }
    this.#outbox = [tell];
    // Those, too, that come while it runs.
    for (const next of this.#outbox) next();
    this.#outbox = undefined;
  }
}
