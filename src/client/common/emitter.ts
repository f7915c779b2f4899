import { check } from './check.js';

type Listener = (...args: never[]) => unknown;

/**
 * Typed events. A listener that throws breaks neither the library nor another listener: the browser reports its
 * error like any uncaught one (`reportError`).
 * @category Client
 */
export class Emitter<Events extends { [Name in keyof Events]: unknown[] }> {
  readonly #listeners = new Map<keyof Events, Map<Listener, Listener>>();

  /** @returns a function that takes the listener off again. */
  on<Name extends keyof Events>(name: Name, listener: (...args: Events[Name]) => unknown): () => void {
    return this.#add(name, listener, listener);
  }

  /** @returns a function that takes the listener off again. */
  once<Name extends keyof Events>(name: Name, listener: (...args: Events[Name]) => unknown): () => void {
    return this.#add(name, listener, (...args: Events[Name]) => {
      this.off(name, listener);
      return listener(...args);
    });
  }

  off<Name extends keyof Events>(name: Name, listener: (...args: Events[Name]) => unknown): void {
    this.#listeners.get(name)?.delete(listener);
  }

  /** @internal */
  protected emit<Name extends keyof Events>(name: Name, ...args: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name)?.values() ?? [])]) {
      try {
        (listener as (...args: Events[Name]) => unknown)(...args);
      } catch (error) {
        globalThis.reportError?.(error);
      }
    }
  }

  #add(name: keyof Events, key: Listener, call: Listener): () => void {
    check(typeof key === 'function', 'on("track", (track) => {})');
    const listeners = this.#listeners.get(name) ?? new Map<Listener, Listener>();
    this.#listeners.set(name, listeners.set(key, call));
    return () => void listeners.delete(key);
  }
}
