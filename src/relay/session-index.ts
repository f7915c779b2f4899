interface Indexed {
  readonly userId: string;
  readonly room: { readonly id: string };
}

/** Indexes sessions by user and by room, so that a join need not search all of them. */
export class SessionIndex<Session extends Indexed> {
  readonly #byUser = new Map<string, Session[]>();
  readonly #byRoom = new Map<string, Set<Session>>();

  add(session: Session): void {
    const { userId, room } = session;
    const ofUser = this.#byUser.get(userId);
    if (ofUser) ofUser.push(session);
    else this.#byUser.set(userId, [session]);
    const inRoom = this.#byRoom.get(room.id);
    if (inRoom) inRoom.add(session);
    else this.#byRoom.set(room.id, new Set([session]));
  }

  delete(session: Session): void {
    const { userId, room } = session;
    const others = this.ofUser(userId).filter((each) => each !== session);
    if (others.length > 0) this.#byUser.set(userId, others);
    else this.#byUser.delete(userId);
    const inRoom = this.#byRoom.get(room.id);
    inRoom?.delete(session);
    if (inRoom?.size === 0) this.#byRoom.delete(room.id);
  }

  /** The sessions of a user in all rooms. */
  ofUser(userId: string): readonly Session[] {
    return this.#byUser.get(userId) ?? [];
  }

  inRoom(roomId: string): ReadonlySet<Session> {
    return this.#byRoom.get(roomId) ?? NOBODY;
  }

  get roomCount(): number {
    return this.#byRoom.size;
  }

  /** The sessions of each room. */
  rooms(): Iterable<Iterable<Session>> {
    return this.#byRoom.values();
  }
}

const NOBODY: ReadonlySet<never> = new Set();
