import { RelayError } from './errors.js';

/**
 * Keeps the order of what has to be asked about before it is done. Where the answer is there at once so is the deed;
 * while one is awaited the next ones wait, in their order.
 */
export class Lane {
  readonly #maxWaiting: number;
  #waiting = 0;
  /** Resolves when the newest of those that wait has begun; undefined while none waits. */
  #tail: Promise<void> | undefined;

  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting;
  }

  /** As many wait as may. */
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
    if (this.#tail) {
      if (this.isFull)
        throw new RelayError('ERR_RELAY_TOO_MANY', 'Too many messages wait: send fewer at once.');
      return this.#wait(this.#tail.then(ask), act);
    }
    const answer = ask();
    return answer instanceof Promise ? this.#wait(answer, act) : act(answer);
  }

  #wait<Answer, Result>(
    answer: Promise<Answer>,
    act: (answer: Answer) => Result | Promise<Result>,
  ): Promise<Result> {
    let result: Result | Promise<Result> | undefined;
    const begun = answer.then((value) => {
      // Not returned: the next one waits until it has begun, not until it is done.
      result = act(value);
    });
    this.#waiting += 1;
    const tail = begun.then(noop, noop).then(() => {
      this.#waiting -= 1;
      if (this.#tail === tail) this.#tail = undefined;
    });
    this.#tail = tail;
    return begun.then(() => result as Result | Promise<Result>);
  }
}

function noop(): void {}
