/** The process that has the viewers. */
interface CountedViewersOwner {
  /** The ids of this process's sessions of the user, in the room. */
  sessionsOf(userId: string): Iterable<string>;
  /** Another session of the same user, in another process, has come later. */
  replaced(sessionId: string): void;
  /** The users have come as viewers, by the change of this number: the other processes have to know. */
  arrived(userIds: readonly string[], revision: number): void;
}

/**
 * The visible sessions of a process that are only counted, and have no seats. So that a user's newest session replaces those in other
 * processes, each has a ticket: the number of the change by which the room first counted it. Of two, the one with the greater number
 * came later.
 */
export class CountedViewers {
  readonly #owner: CountedViewersOwner;
  /** Those that are counted now. */
  readonly #counted = new Set<string>();
  /** Of those that are counted, or were, and are told. */
  readonly #tickets = new Map<string, number>();
  /** The users of those that have no ticket yet, by session id. */
  readonly #fresh = new Map<string, string>();
  /** By user, the newest session elsewhere, while one of this process has no ticket yet. */
  readonly #claims = new Map<string, number>();

  constructor(owner: CountedViewersOwner) {
    this.#owner = owner;
  }

  get count(): number {
    return this.#counted.size;
  }

  has(sessionId: string): boolean {
    return this.#counted.has(sessionId);
  }

  /** The users of those that have no ticket yet, by session id. */
  get arrivals(): ReadonlyMap<string, string> {
    return this.#fresh;
  }

  /** Undefined for a session that was never counted. */
  ticketOf(sessionId: string): number | undefined {
    return this.#tickets.get(sessionId);
  }

  /** @param userId undefined where a user may have several sessions: those need no tickets */
  add(sessionId: string, userId: string | undefined): void {
    this.#counted.add(sessionId);
    if (userId !== undefined && !this.#tickets.has(sessionId)) this.#fresh.set(sessionId, userId);
  }

  /** The session has a seat from now on. */
  seat(sessionId: string): void {
    this.#counted.delete(sessionId);
  }

  delete(sessionId: string): void {
    this.#counted.delete(sessionId);
    this.#fresh.delete(sessionId);
    this.#tickets.delete(sessionId);
  }

  /** The change of this number counts them. */
  told(arrivals: ReadonlyMap<string, string>, revision: number): void {
    for (const [sessionId, userId] of arrivals) {
      const claim = this.#claims.get(userId) ?? 0;
      this.#claims.delete(userId);
      if (!this.#fresh.delete(sessionId)) continue;
      this.#tickets.set(sessionId, revision);
      if (claim > revision) this.#owner.replaced(sessionId);
    }
    this.#owner.arrived([...new Set(arrivals.values())], revision);
  }

  /** A session of each user has come in another process, by the change of this number. */
  claimAll(userIds: readonly string[], revision: number): void {
    for (const userId of userIds) this.claim(userId, revision);
  }

  claim(userId: string, revision: number): void {
    for (const sessionId of this.#owner.sessionsOf(userId)) {
      const ticket = this.#tickets.get(sessionId);
      if (this.#fresh.has(sessionId))
        this.#claims.set(userId, Math.max(revision, this.#claims.get(userId) ?? 0));
      else if (ticket !== undefined && ticket < revision) this.#owner.replaced(sessionId);
    }
  }

  /** The shared state was lost, and counts its changes from the beginning: all who are here came before the next one. */
  restart(revision: number): void {
    for (const [sessionId, ticket] of this.#tickets) if (ticket > revision) this.#tickets.set(sessionId, 0);
  }
}
