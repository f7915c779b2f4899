import type { ParticipantsEvent } from '../../protocol/room-events.js';
import type { Participant } from '../../protocol/types.js';
import type { RoomMember } from './room-member.js';

/** What has become of one member since the others were last told. */
interface Change {
  /** Whether any of them knows it as listed: from an event, or from the snapshot of a join. */
  isKnown: boolean;
  /** The number of snapshots before it was listed last. */
  listedAt: number;
  hasJoined: boolean;
  hasLeft: boolean;
}

/** The changes of a room's participants that its members have not been told of. */
export class PendingChanges {
  readonly #changes = new Map<RoomMember, Change>();
  /** The snapshots that were taken of the room. */
  #snapshots = 0;

  get isEmpty(): boolean {
    return this.#changes.size === 0;
  }

  /** The only member that has changed; undefined where there are several. */
  get subject(): RoomMember | undefined {
    const [first] = this.#changes.keys();
    return this.#changes.size === 1 ? first : undefined;
  }

  clear(): void {
    this.#changes.clear();
  }

  /** A joining client has been shown the room as it is now. */
  shown(): void {
    this.#snapshots += 1;
  }

  joined(member: RoomMember): void {
    this.touch(member).hasJoined = true;
  }

  left(member: RoomMember): void {
    this.moves(member).hasLeft = true;
  }

  /** The member is about to be listed, or to cease to be. */
  moves(member: RoomMember): Change {
    const change = this.touch(member);
    if (!member.isListed) change.listedAt = this.#snapshots;
    else if (this.#snapshots > change.listedAt) change.isKnown = true;
    return change;
  }

  /** Something of the member has changed. */
  touch(member: RoomMember): Change {
    let change = this.#changes.get(member);
    if (!change) {
      change = { isKnown: member.isListed, listedAt: this.#snapshots, hasJoined: false, hasLeft: false };
      this.#changes.set(member, change);
    }
    return change;
  }

  /** The changes of members that are listed, or were; and those that counted members have on pages. Nothing is pending then. */
  take(): { listed: ListedChanges; unlisted: ReadonlyMap<RoomMember, Readonly<Change>> } {
    const listed = new ListedChanges();
    const unlisted = new Map<RoomMember, Change>();
    for (const [member, change] of this.#changes) {
      const isTold = listed.add(member, change);
      if (!isTold || !(member.isListed || change.hasLeft)) unlisted.set(member, change);
    }
    this.clear();
    return { listed, unlisted };
  }
}

type Entries = Omit<ParticipantsEvent, 'from' | 'revision' | 'audience' | 'page'>;

/** The members of an event, each with the length of its JSON. */
export class ListedChanges {
  readonly #entries: { name: keyof Entries; value: Participant | string; bytes: number }[] = [];

  /** Returns whether any of the others knows the member, or is to know it. */
  add(member: RoomMember, { isKnown, hasJoined, hasLeft }: Change): boolean {
    const { id } = member.session;
    const isListed = member.isListed && !hasLeft;
    if (isListed) this.list(hasJoined ? 'joined' : isKnown ? 'updated' : 'listed', member);
    else if (isKnown)
      this.#entries.push({ name: hasLeft ? 'left' : 'unlisted', value: id, bytes: id.length + 3 });
    return isListed || isKnown;
  }

  list(name: 'joined' | 'updated' | 'listed', member: RoomMember): void {
    const { participant, bytes } = member.entry;
    this.#entries.push({ name, value: participant, bytes });
  }

  /** The entries in parts whose JSON is not longer than `maxBytes`. */
  *parts(maxBytes: number): Generator<Entries> {
    let part: Record<string, unknown[]> = {};
    let length = 0;
    for (const { name, value, bytes } of this.#entries) {
      if (length > 0 && length + bytes > maxBytes) {
        yield part as Entries;
        part = {};
        length = 0;
      }
      part[name] ??= [];
      part[name]?.push(value);
      length += bytes;
    }
    if (length > 0) yield part as Entries;
  }
}
