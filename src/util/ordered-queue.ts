import { RelayError } from '../protocol/errors.js';
import { isPromise } from './is-promise.js';

/**
 * Keeps the order of what has to be asked about before it is done. Where the answer is there at once so is the deed;
 * while one is awaited the next ones wait, in their order.
 */
export class OrderedQueue {
  readonly #maxWaiting: number;
  #waiting = 0;
  /** Ends with the newest; never rejects. Undefined while nothing is under way. */
  #tail: Promise<void> | undefined;

  constructor(maxWaiting = Number.POSITIVE_INFINITY) {
    this.#maxWaiting = maxWaiting;
  }

  /** As many wait as may, that which is under way among them. */
  get isFull(): boolean {
    return this.#waiting >= this.#maxWaiting;
  }

  /**
   * Runs `ask`, and `act` with its answer; what `act` begins by that, nobody waits for. Gives a promise only where it had
   * to wait, or `act` gives one.
   * @throws RelayError `ERR_RELAY_TOO_MANY`: as many wait already as may.
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
    // In a box: a promise of `act` would be waited for.
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
