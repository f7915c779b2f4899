import type { Logger } from '../../util/logger.js';

/** ms from the first failure, or a try, to the next try. */
const RETRY_MS = 1_000;

/** Whether Redis is worth waiting for: not from its first failure, or missed deadline, to its next answer in time. */
export class RedisHealth {
  readonly #logger: Logger;
  #isUp = true;
  #tryAt = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Whether it is time to find out if it answers again; true for one caller only. */
  mayTry(): boolean {
    const now = performance.now();
    if (now < this.#tryAt) return false;
    this.#tryAt = now + RETRY_MS;
    return true;
  }

  answered(): void {
    if (this.#isUp) return;
    this.#isUp = true;
    this.#logger.info({}, 'Redis answers again: rate limits hold for all processes');
  }

  failed(err: unknown): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#tryAt = performance.now() + RETRY_MS;
    this.#logger.warn({ err }, 'Redis does not answer: rate limits hold for each process by itself');
  }
}
