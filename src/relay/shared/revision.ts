import { setTimeout as sleep } from 'node:timers/promises';

/** The number of changes that a room was told of, and those who wait for one. */
export class Revision {
  #value = 0;
  #waiting: { readonly revision: number; readonly resolve: () => void }[] = [];

  get value(): number {
    return this.#value;
  }

  /** Resolves when the room has been told of this many changes, or after `ms`. */
  async reached(revision: number, ms: number): Promise<void> {
    if (this.#value >= revision) return;
    const reached = new Promise<void>((resolve) => this.#waiting.push({ revision, resolve }));
    await Promise.race([reached, sleep(ms, undefined, { ref: false })]);
  }

  reach(revision: number): void {
    this.#value = revision;
    if (this.#waiting.length === 0) return;
    const reached = this.#waiting.filter((each) => each.revision <= revision);
    this.#waiting = this.#waiting.filter((each) => each.revision > revision);
    for (const { resolve } of reached) resolve();
  }
}
