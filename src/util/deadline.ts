import type { CancelSignal } from './cancellation.js';

/** ms by which a timer of an idle event loop may be late. */
const TIMER_SLACK_MS = 2;

/**
 * Calls back after `ms`, unless cancelled. After a blocked event loop, Node fires timers before it reads the input that has
 * arrived in the meantime. A late timer therefore waits for one turn of the event loop, so that input that arrived in time
 * counts as in time.
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

/** {@link Deadline} as `customTimers` of p-timeout. */
export const deadlineTimers = {
  setTimeout: (callback: () => void, ms: number) => new Deadline(callback, ms) as unknown as NodeJS.Timeout,
  clearTimeout: (deadline: unknown) => (deadline as Deadline | undefined)?.cancel(),
} as { setTimeout: typeof globalThis.setTimeout; clearTimeout: typeof globalThis.clearTimeout };

/**
 * Settles as the promise does. Rejects with the error of `late` after `timeoutMs`, or with the reason of `signal` if that aborts
 * first.
 *
 * Use it for authentication, joins, hooks and rate limiters, which run several times for a join and once for each message. It
 * takes 1 µs of CPU for a call; p-timeout takes 12.5 µs, because it captures the stack in advance. Everything else uses p-timeout
 * with {@link deadlineTimers}.
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
