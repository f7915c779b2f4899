import { EventEmitter } from 'eventemitter3';
import { RelayError } from '../protocol/errors.js';
import { isPromise } from './is-promise.js';
import type { Logger } from './logger.js';

type Listener<Args extends unknown[]> = (...args: Args) => unknown;

/** Stands for every listener, which it gets as its `this`: there are many, and none needs a guard of its own. */
type Guard = (this: Listener<unknown[]>, ...args: unknown[]) => void;

const guards = new WeakMap<Logger, Guard>();

function guardOf(logger: Logger): Guard {
  let guard = guards.get(logger);
  if (guard) return guard;
  const failed = (error: unknown) => logger.error({ err: error }, 'A listener failed');
  guard = function (...args) {
    try {
      const result = this(...args);
      if (isPromise(result)) result.then(undefined, failed);
    } catch (error) {
      failed(error);
    }
  };
  guards.set(logger, guard);
  return guard;
}

/** @throws RelayError `ERR_RELAY_INVALID_PARAMS` */
function checkListener(listener: unknown): void {
  if (typeof listener !== 'function')
    throw new RelayError(
      'ERR_RELAY_INVALID_PARAMS',
      'on() and once() need an event and a function: write on("close", (reason) => {}).',
    );
}

/**
 * An emitter whose listeners can't hurt: one that throws or rejects is logged, and the next one runs.
 * @category Relay
 */
export class SafeEmitter<Events extends { [Name in keyof Events]: unknown[] }> {
  readonly #emitter = new EventEmitter();
  readonly #call: Guard;

  /** @internal */
  constructor(logger: Logger) {
    this.#call = guardOf(logger);
  }

  on<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): this {
    checkListener(listener);
    this.#emitter.on(name, this.#call, listener);
    return this;
  }

  once<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): this {
    checkListener(listener);
    this.#emitter.once(name, this.#call, listener);
    return this;
  }

  off<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): this {
    this.#emitter.off(name, this.#call, listener);
    return this;
  }

  /** Without a name: the listeners of all events. */
  listenerCount(name?: keyof Events & string): number {
    if (name !== undefined) return this.#emitter.listenerCount(name);
    return this.#emitter.eventNames().reduce((sum, each) => sum + this.#emitter.listenerCount(each), 0);
  }

  /** @internal False where nobody listens. */
  protected emit<Name extends keyof Events & string>(name: Name, ...args: Events[Name]): boolean {
    return this.#emitter.emit(name, ...args);
  }

  /** @internal */
  protected removeAllListeners(): void {
    this.#emitter.removeAllListeners();
  }
}
