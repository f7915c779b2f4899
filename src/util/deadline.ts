import type { CancelSignal } from './cancellation.js';

/** ms by which a timer of an idle event loop may be late. */
const TIMER_SLACK_MS = 2;

/**
 * Calls back once `ms` have passed, unless it is cancelled before. Where the event loop was blocked, timers fire before
 * the input is read that has arrived in the meantime: that input has one turn first, so that nothing counts as late that
 * was there in time.
 */
export class Deadline {
  #timer: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;

  constructor(callback: () => void, ms: number) {
    const due = performance.now() + ms;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (performance.now() - due > TIMER_SLACK_MS) this.#turn = setImmediate(callback);
      else callback();
    }, ms);
  }

  cancel(): void {
    clearTimeout(this.#timer);
    if (this.#turn) clearImmediate(this.#turn);
  }

  /** Does not keep the process alive. */
  unref(): this {
    this.#timer?.unref();
    return this;
  }
}

/** `customTimers` of p-timeout that wait as a {@link Deadline} does. */
export const deadlineTimers = {
  setTimeout: (callback: () => void, ms: number) => new Deadline(callback, ms) as unknown as NodeJS.Timeout,
  clearTimeout: (deadline: unknown) => (deadline as Deadline | undefined)?.cancel(),
} as { setTimeout: typeof globalThis.setTimeout; clearTimeout: typeof globalThis.clearTimeout };

/**
 * What a promise gives, unless it takes longer than `timeoutMs`: then what `late` says is thrown; or `signal` aborts
 * before: then its reason. Nothing is made, and no stack captured, for a lateness that does not come.
 *
 * For the answers of authentication, joins, hooks and rate limiters, which come several times a join and for each message: p-timeout takes
 * 12.5 µs of CPU a call, as it captures the stack for its error before, and this 1 µs. Everything else uses p-timeout, with
 * {@link deadlineTimers}.
 */
export function withDeadline<Value>(
  promise: PromiseLike<Value>,
  timeoutMs: number,
  late: () => Error,
  signal?: CancelSignal,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      deadline.cancel();
      reject(signal?.reason);
    };
    const deadline = new Deadline(() => {
      signal?.removeEventListener('abort', abort);
      reject(late());
    }, timeoutMs);
    const settled = () => {
      deadline.cancel();
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
