import type { RoomMember } from './room-member.js';

/**
 * Which visible members are listed, and which are counted as the audience. Who publishes or moderates is always listed; of the
 * others as many as there is room for: those that came first, and those that wrote last.
 */
export class Listing {
  readonly #most: number;
  readonly #onMove: (member: RoomMember) => void;
  readonly #pinned = new Set<RoomMember>();
  /** Listed viewers; the first one has to go first. */
  readonly #viewers = new Set<RoomMember>();
  readonly #audience = new Set<RoomMember>();

  /** `onMove` is called before a member is listed, or ceases to be. */
  constructor(most: number, onMove: (member: RoomMember) => void) {
    this.#most = most;
    this.#onMove = onMove;
  }

  /** The number of members that are not listed. */
  get audienceCount(): number {
    return this.#audience.size;
  }

  /** The listed members: who publishes or moderates comes first. */
  *[Symbol.iterator](): Iterator<RoomMember> {
    yield* this.#pinned;
    yield* this.#viewers;
  }

  add(member: RoomMember): void {
    if (member.isPinned) this.#pin(member);
    else if (this.#viewers.size < this.#mostViewers) this.#list(member);
    else this.#audience.add(member);
  }

  delete(member: RoomMember): void {
    this.#remove(member);
    this.#fill();
  }

  /** The member may have begun or ceased to publish or to moderate. */
  update(member: RoomMember): void {
    if (member.isPinned === this.#pinned.has(member)) return;
    this.#remove(member);
    if (member.isPinned) this.#pin(member);
    else {
      this.#unlist(member);
      this.raise(member);
    }
    this.#fill();
  }

  /** The member was heard of: it is listed, as the last one that has to go. */
  raise(member: RoomMember): void {
    if (this.#pinned.has(member) || this.#mostViewers === 0) return;
    this.#audience.delete(member);
    this.#viewers.delete(member);
    this.#list(member);
    this.#trim();
  }

  /** At least half of the places are for viewers, however many publish. */
  get #mostViewers(): number {
    return Math.max(this.#most - this.#pinned.size, Math.floor(this.#most / 2));
  }

  #pin(member: RoomMember): void {
    this.#pinned.add(member);
    this.#move(member, true);
    this.#trim();
  }

  #list(member: RoomMember): void {
    this.#viewers.add(member);
    this.#move(member, true);
  }

  #unlist(member: RoomMember): void {
    this.#audience.add(member);
    this.#move(member, false);
  }

  #remove(member: RoomMember): void {
    this.#pinned.delete(member);
    this.#viewers.delete(member);
    this.#audience.delete(member);
  }

  #trim(): void {
    for (const oldest of this.#viewers) {
      if (this.#viewers.size <= this.#mostViewers) return;
      this.#viewers.delete(oldest);
      this.#unlist(oldest);
    }
  }

  #fill(): void {
    for (const first of this.#audience) {
      if (this.#viewers.size >= this.#mostViewers) return;
      this.#audience.delete(first);
      this.#list(first);
    }
  }

  #move(member: RoomMember, isListed: boolean): void {
    if (member.isListed === isListed) return;
    this.#onMove(member);
    member.isListed = isListed;
  }
}
