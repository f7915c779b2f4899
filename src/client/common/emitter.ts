import { check } from './check.js';

type Listener = (...args: never[]) => unknown;
type Add<Name> = (name: Name, listener: Listener, isOnce: boolean) => () => void;
type Registration<Name> = readonly [name: Name, listener: Listener, isOnce: boolean | undefined];

/**
 * Typed events. An error of a listener does not affect the library or other listeners: the browser reports it like any uncaught
 * error (`reportError`).
 * @category Client
 */
export class Emitter<Events extends { [Name in keyof Events]: unknown[] }> {
  readonly #registrations = new Set<Registration<keyof Events>>();

  /** @returns a function that removes this registration */
  on<Name extends keyof Events>(name: Name, listener: (...args: Events[Name]) => unknown): () => void;
  on(name: keyof Events, listener: Listener, isOnce?: boolean): () => void {
    check(typeof listener === 'function', 'on("track", listener)');
    const registration: Registration<keyof Events> = [name, listener, isOnce];
    this.#registrations.add(registration);
    return () => this.#registrations.delete(registration);
  }

  /** @returns a function that removes this registration */
  once<Name extends keyof Events>(name: Name, listener: (...args: Events[Name]) => unknown): () => void {
    return (this.on as unknown as Add<keyof Events>)(name, listener, true);
  }

  /** Removes all registrations of the listener. */
  off<Name extends keyof Events>(name: Name, listener: (...args: Events[Name]) => unknown): void {
    for (const each of this.#registrations)
      if (each[0] === name && each[1] === listener) this.#registrations.delete(each);
  }

  /** @internal */
  protected emit<Name extends keyof Events>(name: Name, ...args: Events[Name]): void {
    for (const each of [...this.#registrations])
      if (each[0] === name)
        try {
          if (each[2]) this.#registrations.delete(each);
          (each[1] as (...args: Events[Name]) => unknown)(...args);
        } catch (error) {
          globalThis.reportError?.(error);
        }
  }
}
