import type { Logger } from '../../../util/logger.js';

/** Whether Redis answers. The log has one line for each outage, however many commands fail. */
export class RedisHealth {
  readonly #logger: Logger;
  #failure: unknown;
  #isUp = true;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Of the newest outage. */
  get failure(): unknown {
    return this.#failure;
  }

  answered(): void {
    if (this.#isUp) return;
    this.#isUp = true;
    this.#failure = undefined;
    this.#logger.info({}, 'Redis answers again');
  }

  failed(err: unknown): void {
    this.#failure = err;
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#logger.warn({ err }, 'Redis does not answer: rooms cannot be changed until it does');
  }
}
