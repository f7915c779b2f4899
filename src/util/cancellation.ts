/** As much of an AbortSignal as the core listens to. */
export interface CancelSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * What an AbortController and its signal are, for what every join and every leave would need one of: an EventTarget costs
 * more than reading an offer does. `why` is asked only where somebody wants to know, as an error captures a stack.
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

  /** Once: what comes later changes nothing. */
  abort(why: () => unknown): void {
    if (this.#why) return;
    this.#why = why;
    const listeners = this.#listeners ?? [];
    this.#listeners = undefined;
    for (const listener of listeners) listener();
  }
}

/** What a promise gives, unless `signal` aborts before: then its reason is thrown. */
export function unlessAborted<Value>(promise: Promise<Value>, signal: CancelSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    const settled = () => signal.removeEventListener('abort', abort);
    promise.then(resolve, reject).then(settled);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort);
  });
}
