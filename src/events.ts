import type { Logger } from './logger.js';

type Listener<Args extends unknown[]> = (...args: Args) => unknown;

interface Entry {
  readonly name: string;
  readonly listener: Listener<never[]>;
  readonly once: boolean;
}

/**
 * An emitter whose listeners can't hurt: one that throws or rejects is logged, and the next one runs. There are many
 * of them, and what they tell is most of what a relay does: one list each, and nothing made for a call.
 * @category Relay
 */
export class SafeEmitter<Events extends { [Name in keyof Events]: unknown[] }> {
  /** Replaced, never changed: those that are being told are not disturbed by who comes and goes meanwhile. */
  #entries: readonly Entry[] = NONE;
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  on<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): this {
    this.#entries = [...this.#entries, { name, listener, once: false }];
    return this;
  }

  once<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): this {
    this.#entries = [...this.#entries, { name, listener, once: true }];
    return this;
  }

  off<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): this {
    this.#entries = this.#entries.filter((entry) => entry.name !== name || entry.listener !== listener);
    return this;
  }

  /** Without a name: the listeners of all events. */
  listenerCount(name?: keyof Events & string): number {
    if (name === undefined) return this.#entries.length;
    return this.#entries.filter((entry) => entry.name === name).length;
  }

  /** False where nobody listens. */
  protected emit<Name extends keyof Events & string>(name: Name, ...args: Events[Name]): boolean {
    let isHeard = false;
    for (const entry of this.#entries) {
      if (entry.name !== name) continue;
      isHeard = true;
      if (entry.once) this.#entries = this.#entries.filter((each) => each !== entry);
      this.#tell(entry.listener as Listener<unknown[]>, args);
    }
    return isHeard;
  }

  protected removeAllListeners(): void {
    this.#entries = NONE;
  }

  #tell(listener: Listener<unknown[]>, args: unknown[]): void {
    try {
      const result = listener(...args);
      if (result instanceof Promise) result.catch((error: unknown) => this.#failed(error));
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#logger.error({ err: error }, 'A listener failed');
  }
}

const NONE: readonly Entry[] = [];
