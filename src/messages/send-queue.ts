import { RelayError } from '../errors.js';

/** One after the other, in the order in which they came; at once where none is under way. */
export class SendQueue {
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
   * Gives a promise only where it had to wait, or the task gives one.
   * @throws RelayError `ERR_RELAY_TOO_MANY` where too many wait already.
   */
  run<Value>(task: () => Value | Promise<Value>): Value | Promise<Value> {
    if (this.isFull)
      throw new RelayError('ERR_RELAY_TOO_MANY', 'Too many messages wait: send fewer at once.');
    const result = this.#tail ? this.#tail.then(task) : task();
    if (!(result instanceof Promise)) return result;
    this.#waiting += 1;
    const done = () => {
      this.#waiting -= 1;
      if (this.#tail === tail) this.#tail = undefined;
    };
    const tail = result.then(done, done);
    this.#tail = tail;
    return result;
  }
}
