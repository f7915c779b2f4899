import { noop } from './noop.js';

interface Emitter {
  on(event: 'error', listener: () => void): unknown;
  listeners(event: 'error'): readonly unknown[];
}

/**
 * Keeps the errors of a Redis client from ending the process, as those of an emitter without a listener do: its commands fail anyway. The
 * listener of the application may be for the first error only.
 */
export function surviveErrors(client: object): void {
  // A client of node-redis 5 inherits from the object that emits. Once its last listener was removed, it has other listeners than that one.
  const { _self: emitter = client } = client as { _self?: object };
  const { on, listeners } = emitter as Partial<Emitter>;
  if (on && !listeners?.call(emitter, 'error').includes(noop)) on.call(emitter, 'error', noop);
}
