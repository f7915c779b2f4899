import type { Outage } from '../../../backplane/outage.js';
import type { Logger } from '../../../util/logger.js';

/** Whether Redis answers. The log has one line for each outage, however many commands fail. */
export class RedisHealth {
  readonly #logger: Logger;
  readonly #outage: Outage;
  #failure: unknown;
  #isUp = true;
  #downSince = 0;

  constructor(logger: Logger, outage: Outage) {
    this.#logger = logger;
    this.#outage = outage;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Of the newest outage. */
  get failure(): unknown {
    return this.#failure;
  }

  /** The outage is over when the process shares its rooms again. */
  answered(): void {
    if (this.#isUp) return;
    this.#isUp = true;
    this.#failure = undefined;
    this.#logger.info({}, 'Redis answers again');
  }

  /**
   * One late answer is no outage: a command has to fail that has begun after that.
   * @param since when the command began
   */
  failed(err: unknown, since: number): void {
    this.#failure = err;
    if (!this.#isUp) {
      if (since >= this.#downSince) this.#outage.begin();
      return;
    }
    this.#isUp = false;
    this.#downSince = performance.now();
    this.#logger.warn(
      { err },
      'Redis does not answer: what happens in rooms stays in this process until it does',
    );
  }
}
