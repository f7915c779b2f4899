interface Indexed {
  readonly userId: string;
}

/** Indexes sessions or members by user, so that nothing searches all of them. */
export class UserIndex<Item extends Indexed> {
  readonly #byUser = new Map<string, Item[]>();

  add(item: Item): void {
    const others = this.#byUser.get(item.userId);
    if (others) others.push(item);
    else this.#byUser.set(item.userId, [item]);
  }

  delete(item: Item): void {
    const others = this.ofUser(item.userId).filter((each) => each !== item);
    if (others.length > 0) this.#byUser.set(item.userId, others);
    else this.#byUser.delete(item.userId);
  }

  /** Grows with each item that is added: copy it to go through it in several turns of the event loop. */
  ofUser(userId: string): readonly Item[] {
    return this.#byUser.get(userId) ?? [];
  }

  *[Symbol.iterator](): Iterator<Item> {
    for (const items of this.#byUser.values()) yield* items;
  }
}
