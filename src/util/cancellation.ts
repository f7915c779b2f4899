/** The members of an AbortSignal that the core uses. */
export interface CancelSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * An AbortController and its signal in one, for joins and leaves: creating an EventTarget costs more than checking an offer.
 * `why` is called only if the reason is read, because creating an error captures the stack.
 */
export class Cancellation implements CancelSignal {
  #why: (() => unknown) | undefined;
  #reason: unknown;
  #listeners: Set<() => void> | undefined;

  get aborted(): boolean {
    return this.#why !== undefined;
  }

  get reason(): unknown {
    this.#reason ??= this.#why?.();
    return this.#reason;
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners?.delete(listener);
  }

  /** Only the first call has an effect. */
  abort(why: () => unknown): void {
    if (this.#why) return;
    this.#why = why;
    const listeners = this.#listeners ?? [];
    this.#listeners = undefined;
    for (const listener of listeners) listener();
  }
}

/** Settles as the promise does, or rejects with the reason of `signal` if that aborts first. */
export function unlessAborted<Value>(promise: Promise<Value>, signal: CancelSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    const settled = () => signal.removeEventListener('abort', abort);
    promise.then(resolve, reject).then(settled);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort);
  });
}
