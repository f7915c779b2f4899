import { EventEmitter } from 'eventemitter3';
import type { Logger } from './logger.js';

type Listener<Args extends unknown[]> = (...args: Args) => unknown;

/**
 * An emitter whose listeners can't hurt: one that throws or rejects is logged, and the next one runs.
 * @category Relay
 */
export class SafeEmitter<Events extends { [Name in keyof Events]: unknown[] }> {
  readonly #emitter = new EventEmitter();
  readonly #guarded = new WeakMap<object, Listener<unknown[]>>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  on<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): this {
    this.#emitter.on(name, this.#guard(listener));
    return this;
  }

  once<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): this {
    this.#emitter.once(name, this.#guard(listener));
    return this;
  }

  off<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): this {
    const guarded = this.#guarded.get(listener);
    if (guarded) this.#emitter.off(name, guarded);
    return this;
  }

  /** Without a name: the listeners of all events. */
  listenerCount(name?: keyof Events & string): number {
    if (name !== undefined) return this.#emitter.listenerCount(name);
    return this.#emitter.eventNames().reduce((sum, each) => sum + this.#emitter.listenerCount(each), 0);
  }

  protected emit<Name extends keyof Events & string>(name: Name, ...args: Events[Name]): boolean {
    return this.#emitter.emit(name, ...args);
  }

  protected removeAllListeners(): void {
    this.#emitter.removeAllListeners();
  }

  #guard<Args extends unknown[]>(listener: Listener<Args>): Listener<unknown[]> {
    let guarded = this.#guarded.get(listener);
    if (!guarded) {
      const failed = (error: unknown) => this.#logger.error({ err: error }, 'A listener failed');
      guarded = (...args) => {
        try {
          const result = listener(...(args as Args));
          if (result instanceof Promise) result.catch(failed);
        } catch (error) {
          failed(error);
        }
      };
      this.#guarded.set(listener, guarded);
    }
    return guarded;
  }
}
