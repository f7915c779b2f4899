import { RelayError } from '../protocol/errors.js';
import { isPromise } from './is-promise.js';

/**
 * Runs pairs of a question and an action in order. If `ask` is synchronous, so is `act`; while an answer is pending, later pairs
 * wait.
 */
export class OrderedQueue {
  readonly #maxWaiting: number;
  #waiting = 0;
  /** Settles with the newest entry; never rejects. Undefined while nothing is pending. */
  #tail: Promise<void> | undefined;

  constructor(maxWaiting = Number.POSITIVE_INFINITY) {
    this.#maxWaiting = maxWaiting;
  }

  /** Whether the maximum number of entries waits, the pending one included. */
  get isFull(): boolean {
    return this.#waiting >= this.#maxWaiting;
  }

  /**
   * Runs `ask`, then `act` with the answer. The queue does not wait for the result of `act`. Returns a promise only where an
   * answer was pending, or `act` returns one.
   * @throws RelayError `ERR_RELAY_TOO_MANY`: the queue is full
   */
  run<Answer, Result>(
    ask: () => Answer | Promise<Answer>,
    act: (answer: Answer) => Result | Promise<Result>,
  ): Result | Promise<Result> {
    if (this.isFull)
      throw new RelayError('ERR_RELAY_TOO_MANY', 'Too many messages wait: send fewer at once.');
    const answer = this.#tail ? this.#tail.then(ask) : ask();
    return isPromise(answer) ? this.#wait(Promise.resolve(answer), act) : act(answer);
  }

  async #wait<Answer, Result>(
    answer: Promise<Answer>,
    act: (answer: Answer) => Result | Promise<Result>,
  ): Promise<Result> {
    // Boxed, as `then` would wait for a promise of `act`.
    const begun = answer.then((value) => ({ result: act(value) }));
    this.#waiting += 1;
    const done = () => {
      this.#waiting -= 1;
      if (this.#tail === tail) this.#tail = undefined;
    };
    const tail = begun.then(done, done);
    this.#tail = tail;
    return (await begun).result;
  }
}
