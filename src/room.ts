import type { Participant, ParticipantsEvent, Track, TracksEvent } from './model.js';

/** What a room needs of the sessions in it. */
export interface Member {
  readonly id: string;
  readonly userId: string;
  readonly role: Participant['role'];
  readonly hidden: boolean;
  notifyParticipants(event: ParticipantsEvent): void;
  notifyTracks(event: TracksEvent): void;
}

/**
 * Who is in a room and what they publish, as this relay knows it. Ion announces a peer's first tracks only, and to
 * every room; so tracks come from the publishers' offers, once the SFU has accepted them.
 * @category Room
 */
export class Room {
  readonly id: string;
  readonly #members = new Map<string, Member>();
  readonly #tracks = new Map<string, readonly Track[]>();
  #revision = 0;
  /** @internal Sessions that are joining, joined or ending: while there are any, the relay keeps the room. */
  sessionCount = 0;

  /** @internal */
  constructor(id: string) {
    this.id = id;
  }

  /** Counts the room's changes. */
  get revision(): number {
    return this.#revision;
  }

  /** Members, hidden ones included. */
  get size(): number {
    return this.#members.size;
  }

  /** Those who are to be seen, with their tracks. */
  get participants(): Participant[] {
    return this.others('');
  }

  /** Those whom one session sees, with their tracks. */
  others(sessionId: string): Participant[] {
    const others: Participant[] = [];
    for (const member of this.#members.values()) {
      if (!member.hidden && member.id !== sessionId) others.push(this.#describe(member));
    }
    return others;
  }

  tracksOf(sessionId: string): readonly Track[] {
    return this.#tracks.get(sessionId) ?? [];
  }

  /** The track and who publishes it; undefined where the room has none of that id. */
  findTrack(trackId: string): { track: Track; sessionId: string } | undefined {
    for (const [sessionId, tracks] of this.#tracks) {
      const track = tracks.find((each) => each.trackId === trackId);
      if (track) return { track, sessionId };
    }
    return undefined;
  }

  /** @internal */
  add(member: Member, tracks: readonly Track[]): void {
    this.#members.set(member.id, member);
    this.#tracks.set(member.id, tracks);
    if (member.hidden) return;
    const event = {
      revision: ++this.#revision,
      state: 'joined',
      participant: this.#describe(member),
    } as const;
    this.#tell(member, (other) => other.notifyParticipants(event));
  }

  /** @internal */
  remove(member: Member): void {
    const participant = this.#describe(member);
    this.#tracks.delete(member.id);
    if (!this.#members.delete(member.id) || member.hidden) return;
    const event = { revision: ++this.#revision, state: 'left', participant } as const;
    this.#tell(member, (other) => other.notifyParticipants(event));
  }

  /** @internal What the member's newest accepted offer publishes; the others hear of the difference. */
  setTracks(member: Member, tracks: readonly Track[]): void {
    if (!this.#members.has(member.id)) return;
    const before = this.tracksOf(member.id);
    this.#tracks.set(member.id, tracks);
    const isIn = (list: readonly Track[]) => (track: Track) =>
      list.some((each) => each.trackId === track.trackId);
    const removed = before.filter((track) => !isIn(tracks)(track));
    const added = tracks.filter((track) => !isIn(before)(track));
    this.#announce(member, 'removed', removed);
    this.#announce(member, 'added', added);
  }

  #announce(member: Member, state: TracksEvent['state'], tracks: Track[]): void {
    if (tracks.length === 0 || member.hidden) return;
    const event = { revision: ++this.#revision, state, sessionId: member.id, userId: member.userId, tracks };
    this.#tell(member, (other) => other.notifyTracks(event));
  }

  #tell(about: Member, notify: (other: Member) => void): void {
    for (const other of this.#members.values()) {
      if (other !== about) notify(other);
    }
  }

  #describe({ id, userId, role }: Member): Participant {
    return { sessionId: id, userId, role, tracks: [...this.tracksOf(id)] };
  }
}
