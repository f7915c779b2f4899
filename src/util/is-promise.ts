/**
 * Whether a value has to be awaited. A promise of the application need not be the platform's own: Bluebird, Knex and
 * Mongoose have theirs, and `instanceof Promise` misses them.
 */
export function isPromise<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  const mayBe = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return mayBe && typeof (value as { then?: unknown }).then === 'function';
}

/** Calls `next` with a value: at once, or once the promise that stands for it is fulfilled. */
export function andThen<Value, Result>(
  value: Value | PromiseLike<Value>,
  next: (value: Value) => Result | Promise<Result>,
): Result | Promise<Result> {
  return isPromise(value) ? Promise.resolve(value).then(next) : next(value);
}
