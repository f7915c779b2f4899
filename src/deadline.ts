import type { CancelSignal } from './cancellation.js';

/**
 * What a promise gives, unless it takes longer than `timeoutMs`: then what `late` says is thrown; or `signal` aborts
 * before: then its reason. Nothing is made, and no stack captured, for a lateness that does not come.
 */
export function withDeadline<Value>(
  promise: PromiseLike<Value>,
  timeoutMs: number,
  late: () => Error,
  signal?: CancelSignal,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      reject(late());
    }, timeoutMs);
    const settled = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    promise.then(
      (value) => {
        settled();
        resolve(value);
      },
      (error: unknown) => {
        settled();
        reject(error);
      },
    );
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort);
  });
}
