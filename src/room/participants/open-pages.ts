import type { ParticipantsEvent } from '../../protocol/room-events.js';
import type { RoomMember } from './room-member.js';

type PageChanges = NonNullable<ParticipantsEvent['page']>;

/** The changes that concern some viewers, all the same ones: a thousand may look at one page. */
class SharedChanges {
  readonly #parts: PageChanges[] = [];
  readonly #next = new Map<RoomMember, SharedChanges>();
  #bytes = 0;

  /** In parts whose JSON is not longer than `maxBytes`, if a single entry is not. */
  get parts(): readonly PageChanges[] {
    return this.#parts;
  }

  /** These changes and that of another member. */
  with(member: RoomMember, hasLeft: boolean, maxBytes: number): SharedChanges {
    let next = this.#next.get(member);
    if (next) return next;
    next = new SharedChanges();
    for (const { updated, left } of this.#parts)
      next.#parts.push({ ...(updated && { updated: [...updated] }), ...(left && { left: [...left] }) });
    next.#bytes = this.#bytes;
    next.#add(member, hasLeft, maxBytes);
    this.#next.set(member, next);
    return next;
  }

  #add(member: RoomMember, hasLeft: boolean, maxBytes: number): void {
    const bytes = hasLeft ? member.session.id.length + 3 : member.entry.bytes;
    if (this.#parts.length === 0 || this.#bytes + bytes > maxBytes) {
      this.#parts.push({});
      this.#bytes = 0;
    }
    this.#bytes += bytes;
    const part = this.#parts.at(-1) as PageChanges;
    if (hasLeft) part.left = [...(part.left ?? []), member.session.id];
    else part.updated = [...(part.updated ?? []), member.entry.participant];
  }
}

/** The pages that members have asked for: who gets the changes of which counted members. */
export class OpenPages {
  readonly #pages = new Map<RoomMember, Set<RoomMember>>();
  /** By the members on their pages, so that a change costs nothing for the other pages. */
  readonly #viewers = new Map<RoomMember, Set<RoomMember>>();

  /** Opens a page instead of the viewer's last one; an empty one closes it. */
  open(viewer: RoomMember, members: Set<RoomMember>): void {
    this.close(viewer);
    if (members.size === 0) return;
    this.#pages.set(viewer, members);
    for (const member of members) {
      const others = this.#viewers.get(member);
      if (others) others.add(viewer);
      else this.#viewers.set(member, new Set([viewer]));
    }
  }

  close(viewer: RoomMember): void {
    for (const member of this.#pages.get(viewer) ?? []) {
      const others = this.#viewers.get(member);
      others?.delete(viewer);
      if (others?.size === 0) this.#viewers.delete(member);
    }
    this.#pages.delete(viewer);
  }

  /** The member has left the room: it is on no page any more. */
  forget(member: RoomMember): void {
    this.close(member);
    for (const viewer of this.#viewers.get(member) ?? []) this.#pages.get(viewer)?.delete(member);
    this.#viewers.delete(member);
  }

  /** What to tell the viewers whose pages these changes concern; those with the same changes share them. */
  changes(
    changed: ReadonlyMap<RoomMember, { readonly hasLeft: boolean }>,
    maxBytes: number,
  ): ReadonlyMap<RoomMember, readonly PageChanges[]> {
    const none = new SharedChanges();
    const changes = new Map<RoomMember, SharedChanges>();
    for (const [member, { hasLeft }] of changed) {
      for (const viewer of this.#viewers.get(member) ?? [])
        changes.set(viewer, (changes.get(viewer) ?? none).with(member, hasLeft, maxBytes));
    }
    return new Map([...changes].map(([viewer, { parts }]) => [viewer, parts]));
  }
}
