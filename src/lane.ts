import { SendQueue } from './messages/send-queue.js';

/**
 * Keeps the order of what has to be asked about before it is done. Where the answer is there at once so is the deed;
 * while one is awaited the next ones wait, in their order.
 */
export class Lane {
  readonly #queue: SendQueue;

  constructor(maxWaiting: number) {
    this.#queue = new SendQueue(maxWaiting);
  }

  /** As many wait as may. */
  get isFull(): boolean {
    return this.#queue.isFull;
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
    // In a box: a promise of `act` would be waited for.
    const begin = (answer: Answer) => ({ result: act(answer) });
    const begun = this.#queue.run(() => {
      const answer = ask();
      return answer instanceof Promise ? answer.then(begin) : begin(answer);
    });
    return begun instanceof Promise ? begun.then(({ result }) => result) : begun.result;
  }
}
