import { noop } from './noop.js';

/** A promise that somebody else resolves. */
export function deferred(): { promise: Promise<void>; resolve(): void } {
  let resolve = noop;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
