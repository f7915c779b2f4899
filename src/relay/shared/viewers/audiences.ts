import type { RoomChange, RoomFields } from '../../../backplane/backplane.js';

interface AudiencesOwner {
  readonly processId: string;
  isAlive(processId: string): boolean;
}

/** How many viewers without a seat the other processes have in a room. */
export class Audiences {
  readonly #owner: AudiencesOwner;
  readonly #counts = new Map<string, number>();

  constructor(owner: AudiencesOwner) {
    this.#owner = owner;
  }

  /** Of the processes that live. */
  get count(): number {
    let sum = 0;
    for (const [processId, count] of this.#counts) if (this.#owner.isAlive(processId)) sum += count;
    return sum;
  }

  /** The process with viewers that comes after this one, by its id; the first one by default. */
  next(processId = ''): string | undefined {
    const ids = [...this.#counts].filter(([id, count]) => id > processId && count > 0).map(([id]) => id);
    return ids.filter((id) => this.#owner.isAlive(id)).sort()[0];
  }

  change(audience: RoomFields['audience'] | RoomChange['audience']): void {
    for (const [processId, count] of audience ?? []) {
      if (count === undefined) this.#counts.delete(processId);
      else if (processId !== this.#owner.processId) this.#counts.set(processId, count);
    }
  }

  clear(): void {
    this.#counts.clear();
  }
}
