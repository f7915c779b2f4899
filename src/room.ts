import { checkId } from './ids.js';
import { RoomMessages } from './messages/room-messages.js';
import type {
  MessageDeletion,
  MessageReceipt,
  Metadata,
  OutgoingMessage,
  Participant,
  ParticipantsEvent,
  ParticipantUpdate,
  RoomMessage,
  Track,
  TracksEvent,
} from './model.js';
import { RoomGate } from './room-gate.js';

/** What a room needs of the sessions in it. */
export interface Member {
  readonly id: string;
  readonly userId: string;
  readonly role: Participant['role'];
  readonly hidden: boolean;
  notifyParticipants(event: ParticipantsEvent): void;
  notifyTracks(event: TracksEvent): void;
  notifyMessage(message: RoomMessage, mayDrop: boolean): void;
  notifyDeletion(deletion: MessageDeletion): void;
}

interface Seat {
  member: Member;
  tracks: readonly Track[];
  metadata: Metadata | undefined;
}

/**
 * Who is in a room and what they publish, as this relay knows it. Ion announces a peer's first tracks only, and to
 * every room; so tracks come from the publishers' offers, once the SFU has accepted them.
 * @category Room
 */
export class Room {
  readonly id: string;
  /** @internal In which order its sessions come and go on the SFU. */
  readonly gate = new RoomGate();
  /** @internal What it is told, and who may be told. */
  readonly messages: RoomMessages;
  readonly #seats = new Map<string, Seat>();
  readonly #seatsOfUser = new Map<string, Set<Seat>>();
  /** Events that are being told, in their order. */
  readonly #outbox: (() => void)[] = [];
  #revision = 0;
  /** @internal Sessions that are joining, joined or ending: while there are any, the relay keeps the room. */
  sessionCount = 0;

  /** @internal */
  constructor(id: string, messages = new RoomMessages({ roomId: id, kinds: new Map() })) {
    this.id = id;
    this.messages = messages;
    messages.audience = {
      deliver: (message, mayDrop) => this.#deliver(message, mayDrop),
      deleted: (deletion) => this.#tellDeletion(deletion),
      isPresent: (userId) => this.#isPresent(userId),
    };
  }

  /**
   * A message of the server's own: to everybody, or with `to` to a user. Its kind is one of the option `messages`.
   * @throws RelayError `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_TOO_LARGE`
   */
  async send(message: OutgoingMessage): Promise<MessageReceipt> {
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
      if (!seat.member.hidden && seat.member.id !== sessionId) others.push(describe(seat));
    }
    return others;
  }

  tracksOf(sessionId: string): readonly Track[] {
    return this.#seats.get(sessionId)?.tracks ?? [];
  }

  /** The track and who publishes it; undefined where the room has none of that id. */
  findTrack(trackId: string): { track: Track; sessionId: string } | undefined {
    for (const [sessionId, { tracks }] of this.#seats) {
      const track = tracks.find((each) => each.trackId === trackId);
      if (track) return { track, sessionId };
    }
    return undefined;
  }

  /** Who publishes under a stream's id. `-` is nobody's: it says that a track is in no stream (RFC 8830). */
  ownerOfStream(streamId: string): string | undefined {
    if (streamId === '-') return undefined;
    for (const [sessionId, { tracks }] of this.#seats) {
      if (tracks.some((track) => track.streamId === streamId)) return sessionId;
    }
    return undefined;
  }

  /** @internal */
  add(member: Member, tracks: readonly Track[], metadata: Metadata | undefined): void {
    const seat: Seat = { member, tracks, metadata };
    this.#seats.set(member.id, seat);
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
    const others = this.#seatsOfUser.get(member.userId);
    others?.delete(seat);
    if (others?.size === 0) this.#seatsOfUser.delete(member.userId);
    this.#tellOfParticipant(seat, 'left');
  }

  /** @internal What the member's newest accepted offer publishes; the others hear of the difference. */
  setTracks(member: Member, offered: readonly Track[]): void {
    const seat = this.#seats.get(member.id);
    if (!seat) return;
    const before = new Map(seat.tracks.map((track) => [track.trackId, track]));
    const tracks = offered.map((track) => ({
      ...track,
      muted: track.muted || before.get(track.trackId)?.muted === true,
    }));
    const after = new Set(tracks.map(({ trackId }) => trackId));
    const removed = seat.tracks.filter(({ trackId }) => !after.has(trackId));
    const added = tracks.filter(({ trackId }) => !before.has(trackId));
    const changed = tracks.filter((track) => {
      const earlier = before.get(track.trackId);
      return earlier !== undefined && !isSame(earlier, track);
    });
    seat.tracks = tracks;
    this.#tellOfTracks(seat, 'removed', removed);
    this.#tellOfTracks(seat, 'updated', changed);
    this.#tellOfTracks(seat, 'added', added);
  }

  /** @internal What a member says of itself: checked before. */
  update(member: Member, { metadata, tracks = [] }: ParticipantUpdate): void {
    const seat = this.#seats.get(member.id);
    if (!seat) return;
    const muted = new Map(tracks.map((track) => [track.trackId, track.muted]));
    const changed: Track[] = [];
    seat.tracks = seat.tracks.map((track) => {
      const now = { ...track, muted: muted.get(track.trackId) ?? track.muted };
      if (now.muted !== track.muted) changed.push(now);
      return now;
    });
    this.#tellOfTracks(seat, 'updated', changed);
    if (metadata === undefined) return;
    seat.metadata = metadata;
    this.#tellOfParticipant(seat, 'updated');
  }

  /** @internal What is known of a member has changed: its role. */
  refresh(member: Member): void {
    const seat = this.#seats.get(member.id);
    if (seat) this.#tellOfParticipant(seat, 'updated');
  }

  #tellOfParticipant(seat: Seat, state: ParticipantsEvent['state']): void {
    if (seat.member.hidden) return;
    const event = { revision: ++this.#revision, state, participant: describe(seat) };
    this.#tellOthers(seat, (other) => other.notifyParticipants(event));
  }

  #tellOfTracks(seat: Seat, state: TracksEvent['state'], tracks: Track[]): void {
    const { id: sessionId, userId, hidden } = seat.member;
    if (tracks.length === 0 || hidden) return;
    const event = { revision: ++this.#revision, state, sessionId, userId, tracks };
    this.#tellOthers(seat, (other) => other.notifyTracks(event));
  }

  #isPresent(userId: string): boolean {
    for (const { member } of this.#seatsOfUser.get(userId) ?? []) if (!member.hidden) return true;
    return false;
  }

  #deliver(message: RoomMessage, mayDrop: boolean): void {
    this.#inTurn(() => {
      const { to } = message;
      const seats = to === undefined ? this.#seats.values() : (this.#seatsOfUser.get(to) ?? []);
      for (const { member } of seats) member.notifyMessage(message, mayDrop);
    });
  }

  #tellDeletion(deletion: MessageDeletion): void {
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
    this.#outbox.push(tell);
    if (this.#outbox.length > 1) return;
    for (let next = this.#outbox[0]; next; next = this.#outbox[0]) {
      next();
      this.#outbox.shift();
    }
  }
}

function describe({ member: { id, userId, role }, tracks, metadata }: Seat): Participant {
  return { sessionId: id, userId, role, tracks: [...tracks], ...(metadata && { metadata }) };
}

function isSame(one: Track, other: Track): boolean {
  return (
    one.kind === other.kind && one.streamId === other.streamId && one.layers.join() === other.layers.join()
  );
}
