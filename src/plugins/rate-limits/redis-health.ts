import type { Logger } from '../../util/logger.js';

/** ms between a failure, or an attempt, and the next attempt. */
const RETRY_MS = 1_000;

/** Whether to wait for Redis: not after a failure or a missed deadline, until it has responded in time again. */
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

  /** Whether it is time to try Redis again; true for one caller only. */
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
