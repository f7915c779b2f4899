import { EventEmitter } from 'eventemitter3';
import { invalidParams } from '../protocol/errors.js';
import { isPromise } from './is-promise.js';
import type { Logger } from './logger.js';

type Listener<Args extends unknown[]> = (...args: Args) => unknown;

/** Calls a listener, its `this`, and logs a failure. One function per logger saves a closure per listener. */
type SafeCall = (this: Listener<unknown[]>, ...args: unknown[]) => void;

const safeCalls = new WeakMap<Logger, SafeCall>();

function safeCallOf(logger: Logger): SafeCall {
  let safeCall = safeCalls.get(logger);
  if (safeCall) return safeCall;
  const failed = (error: unknown) => logger.error({ err: error }, 'A listener failed');
  safeCall = function (...args) {
    try {
      const result = this(...args);
      if (isPromise(result)) result.then(undefined, failed);
    } catch (error) {
      failed(error);
    }
  };
  safeCalls.set(logger, safeCall);
  return safeCall;
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
  readonly #call: SafeCall;

  /** @internal */
  constructor(logger: Logger) {
    this.#call = safeCallOf(logger);
  }

  /** @returns a function that removes the listener */
  on<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): () => void {
    checkListener(listener);
    this.#emitter.on(name, this.#call, listener);
    return () => this.off(name, listener);
  }

  /** @returns a function that removes the listener */
  once<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): () => void {
    checkListener(listener);
    this.#emitter.once(name, this.#call, listener);
    return () => this.off(name, listener);
  }

  off<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): void {
    // Without a listener the inner emitter would remove all of them.
    checkListener(listener);
    this.#emitter.off(name, this.#call, listener);
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
