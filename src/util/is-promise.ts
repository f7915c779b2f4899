import { noop } from './noop.js';

/**
 * Whether a value has to be awaited. Applications may return promises that are not instances of `Promise`: those of Bluebird,
 * Knex and Mongoose.
 */
export function isPromise<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  const mayBe = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return mayBe && typeof (value as { then?: unknown }).then === 'function';
}

/** Calls `next` with the value: immediately, or after the promise is fulfilled. */
export function andThen<Value, Result>(
  value: Value | PromiseLike<Value>,
  next: (value: Value) => Result | Promise<Result>,
): Result | Promise<Result> {
  return isPromise(value) ? Promise.resolve(value).then(next) : next(value);
}

/** Nobody waits for it, and its failure has no consequence. */
export function disregard(outcome: unknown): void {
  if (isPromise(outcome)) outcome.then(noop, noop);
}
