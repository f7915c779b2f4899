import { EventEmitter } from 'eventemitter3';
import { invalidParams } from '../protocol/errors.js';
import { isPromise } from './is-promise.js';
import type { Logger } from './logger.js';

type Listener<Args extends unknown[]> = (...args: Args) => unknown;

/** A registration: one function for each, so that it can be removed without the others of the same listener. */
type Registration = ((...args: unknown[]) => void) & { listener: Listener<unknown[]> };

/** Calls the listener and logs its failure. */
function register<Args extends unknown[]>(logger: Logger, listener: Listener<Args>): Registration {
  const failed = (error: unknown) => logger.error({ err: error }, 'A listener failed');
  const call = (...args: unknown[]) => {
    try {
      const result = listener(...(args as Args));
      if (isPromise(result)) result.then(undefined, failed);
    } catch (error) {
      failed(error);
    }
  };
  return Object.assign(call, { listener: listener as Listener<unknown[]> });
}

/** @throws RelayError `ERR_RELAY_INVALID_PARAMS` */
function checkListener(listener: unknown): void {
  if (typeof listener !== 'function')
    throw invalidParams(
      'on(), once() and off() need an event and a function: write on("close", (reason) => {}).',
    );
}

/**
 * An emitter that survives its listeners: one that throws or rejects is logged, and the next one runs.
 * @category Relay
 */
export class SafeEmitter<Events extends { [Name in keyof Events]: unknown[] }> {
  readonly #emitter = new EventEmitter();
  readonly #logger: Logger;

  /** @internal */
  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @returns a function that removes this registration */
  on<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): () => void {
    checkListener(listener);
    const registration = register(this.#logger, listener);
    this.#emitter.on(name, registration);
    return () => void this.#emitter.off(name, registration);
  }

  /** @returns a function that removes this registration */
  once<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): () => void {
    checkListener(listener);
    const registration = register(this.#logger, listener);
    this.#emitter.once(name, registration);
    return () => void this.#emitter.off(name, registration);
  }

  /** Removes all registrations of the listener. */
  off<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): void {
    checkListener(listener);
    for (const registration of this.#emitter.listeners(name) as Registration[])
      if (registration.listener === listener) this.#emitter.off(name, registration);
  }

  /** Without a name it counts the listeners of all events. */
  listenerCount(name?: keyof Events & string): number {
    if (name !== undefined) return this.#emitter.listenerCount(name);
    return this.#emitter.eventNames().reduce((sum, each) => sum + this.#emitter.listenerCount(each), 0);
  }

  /** @internal False where there is no listener. */
  protected emit<Name extends keyof Events & string>(name: Name, ...args: Events[Name]): boolean {
    return this.#emitter.emit(name, ...args);
  }

  /** @internal */
  protected removeAllListeners(): void {
    this.#emitter.removeAllListeners();
  }
}
