import { RelayError } from '../../protocol/errors.js';
import { Cancellation, type CancelSignal, unlessAborted } from '../../util/cancellation.js';

/**
 * The joins and leaves of one client. One join runs at a time, after the earlier sessions have ended. A cancelled join
 * rejects immediately, whatever it waits for.
 */
export class JoinSequence {
  #current: Cancellation | undefined;
  /** Settles when all joins have settled, including cancelled ones; never rejects. */
  #joins: Promise<void> | undefined;
  /** Settles when the sessions that the client has left have ended; never rejects. */
  #left: Promise<void> | undefined;

  /** Whether a join runs or waits. */
  get isJoining(): boolean {
    return this.#current !== undefined;
  }

  /** Runs `join` once the earlier sessions have ended. `cancel` aborts its signal. */
  run(join: (cancelled: CancelSignal) => Promise<void>): Promise<void> {
    const current = new Cancellation();
    this.#current = current;
    const before = this.#joins;
    const running = this.#run(join, current);
    const ended = () => before;
    const joins = running.then(ended, ended);
    this.#joins = joins;
    const forget = () => {
      if (this.#joins === joins) this.#joins = undefined;
    };
    void joins.then(forget);
    return running;
  }

  /** Cancels the join that runs or waits; the next one may follow immediately. */
  cancel(error?: RelayError): void {
    this.#current?.abort(() => error ?? new RelayError('ERR_RELAY_ABORTED', 'The join was cancelled.'));
    this.#current = undefined;
  }

  /** The client leaves; `closed` is the end of its session. Resolves when all sessions that it has left have ended. */
  left(closed: Promise<void> | undefined): Promise<void> {
    const left = settleAll(this.#left, this.#joins, closed);
    this.#left = left;
    void left.then(() => {
      if (this.#left === left) this.#left = undefined;
    });
    return left;
  }

  /** Resolves when no join is in progress. */
  async settled(): Promise<void> {
    while (this.#current) await this.#joins;
  }

  async #run(join: (cancelled: CancelSignal) => Promise<void>, current: Cancellation): Promise<void> {
    try {
      if (this.#left) await unlessAborted(this.#left, current);
      await join(current);
    } finally {
      if (this.#current === current) this.#current = undefined;
    }
  }
}

/** Of promises that never reject: `Promise.allSettled` costs every leave several objects per promise. */
async function settleAll(...promises: readonly (Promise<void> | undefined)[]): Promise<void> {
  for (const promise of promises) if (promise) await promise;
}
