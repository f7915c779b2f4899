import { unavailable } from './failures.js';

interface FairPoolOptions {
  /** Tasks that run concurrently. */
  maxRunning: number;
  /** ms that a task may wait; 0: tasks do not wait. */
  queueTimeoutMs: number;
}

interface Waiter {
  start(): void;
}

/** Tasks that may wait for each task that may run. */
const WAITING_PER_RUNNING = 10;

/** ms after which a refused task may be retried. */
const RETRY_AFTER_MS = 1_000;

/**
 * Runs a limited number of tasks concurrently; the others wait, and addresses take turns. An address gets another slot only
 * while it has fewer than are free: one flooding address gets half of them, two get a third each, and the next address
 * always finds one. The places to wait are shared in the same way.
 */
export class FairPool {
  readonly #options: FairPoolOptions;
  readonly #maxWaiting: number;
  #running = 0;
  readonly #runningOf = new Map<string, number>();
  #waiting = 0;
  /** In order of the addresses' turns; no set is empty. */
  readonly #waitersOf = new Map<string, Set<Waiter>>();

  constructor(options: FairPoolOptions) {
    this.#options = options;
    this.#maxWaiting = options.queueTimeoutMs > 0 ? options.maxRunning * WAITING_PER_RUNNING : 0;
  }

  /** @throws RelayError the task's error; `ERR_RELAY_AUTH_UNAVAILABLE`: it could not run in time */
  async run<Value>(address: string, task: () => Promise<Value>): Promise<Value> {
    if (this.#mayStart(address) && !this.#waitersOf.has(address)) this.#start(address);
    else await this.#wait(address);
    try {
      return await task();
    } finally {
      this.#end(address);
    }
  }

  #mayStart(address: string): boolean {
    return (this.#runningOf.get(address) ?? 0) < this.#options.maxRunning - this.#running;
  }

  #start(address: string): void {
    this.#running += 1;
    this.#runningOf.set(address, (this.#runningOf.get(address) ?? 0) + 1);
  }

  #end(address: string): void {
    this.#running -= 1;
    const running = (this.#runningOf.get(address) ?? 0) - 1;
    if (running > 0) this.#runningOf.set(address, running);
    else this.#runningOf.delete(address);
    while (this.#startNext());
  }

  #startNext(): boolean {
    for (const [address, waiters] of this.#waitersOf) {
      const [waiter] = waiters;
      if (!waiter || !this.#mayStart(address)) continue;
      this.#forget(address, waiter);
      this.#start(address);
      // Moves the address to the end of the order.
      if (this.#waitersOf.delete(address)) this.#waitersOf.set(address, waiters);
      waiter.start();
      return true;
    }
    return false;
  }

  #wait(address: string): Promise<void> {
    const waiters = this.#waitersOf.get(address) ?? new Set();
    if (waiters.size >= this.#maxWaiting - this.#waiting)
      return Promise.reject(unavailable(new Error('too many tokens are being asked for'), RETRY_AFTER_MS));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#forget(address, waiter);
        reject(unavailable(new Error('too many tokens were asked for before this one'), RETRY_AFTER_MS));
      }, this.#options.queueTimeoutMs);
      const waiter: Waiter = {
        start: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      this.#waiting += 1;
      waiters.add(waiter);
      this.#waitersOf.set(address, waiters);
    });
  }

  #forget(address: string, waiter: Waiter): void {
    const waiters = this.#waitersOf.get(address);
    if (!waiters?.delete(waiter)) return;
    this.#waiting -= 1;
    if (waiters.size === 0) this.#waitersOf.delete(address);
  }
}
