import { unavailable } from './failures.js';

interface Setup {
  /** Tasks at a time. */
  maxRunning: number;
  /** ms that a task may wait for its turn; 0: none waits. */
  queueTimeoutMs: number;
}

interface Waiter {
  start(): void;
}

/** Tasks that may wait, for each that may run. */
const WAITING_PER_RUNNING = 10;

/** ms after which one that found no place may come again. */
const RETRY_AFTER_MS = 1_000;

/**
 * Runs a number of tasks at a time; the others wait, and the addresses take turns. An address gets another place only
 * while it has fewer than are free, so that one that floods has half of them, two have a third each, and there is one for
 * whoever comes next. The places to wait are shared in the same way.
 */
export class FairPool {
  readonly #setup: Setup;
  readonly #maxWaiting: number;
  #running = 0;
  readonly #runningOf = new Map<string, number>();
  #waiting = 0;
  /** The address whose turn is next comes first; none is empty. */
  readonly #waitersOf = new Map<string, Set<Waiter>>();

  constructor(setup: Setup) {
    this.#setup = setup;
    this.#maxWaiting = setup.queueTimeoutMs > 0 ? setup.maxRunning * WAITING_PER_RUNNING : 0;
  }

  /** @throws RelayError what the task throws; `ERR_RELAY_AUTH_UNAVAILABLE` where it does not get its turn */
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
    return (this.#runningOf.get(address) ?? 0) < this.#setup.maxRunning - this.#running;
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
      // The others have their turn before its next one.
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
      }, this.#setup.queueTimeoutMs);
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
