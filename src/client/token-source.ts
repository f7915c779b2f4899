import { aborted, detailOf, RelayClientError } from './errors.js';
import type { Emit } from './events.js';

interface Setup {
  token: string | undefined;
  getToken: (() => string | Promise<string>) | undefined;
  timeoutMs: number;
}

/** The token that there is, and where another one comes from. */
export class TokenSource {
  /** The newest that is known. */
  token: string | undefined;
  readonly #setup: Setup;
  #isFirst: boolean;

  constructor(setup: Setup) {
    this.#setup = setup;
    this.token = setup.token;
    this.#isFirst = setup.token !== undefined;
  }

  /** Whether there can be another one. */
  get isLasting(): boolean {
    return this.#setup.getToken !== undefined;
  }

  /**
   * For the next connection, or the time after this token; a promise only where it has to be asked for.
   * @throws RelayClientError `ERR_CLIENT_TOKEN`, `ERR_CLIENT_ABORTED`
   */
  next(cancel?: AbortSignal): string | undefined | Promise<string> {
    const { getToken } = this.#setup;
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    return !getToken || isFirst ? this.token : this.#ask(getToken, cancel);
  }

  async #ask(getToken: () => string | Promise<string>, cancel: AbortSignal | undefined): Promise<string> {
    const { timeoutMs } = this.#setup;
    const settled = new AbortController();
    const late = new Promise<never>((_, reject) => {
      const timer = setTimeout(() => reject(new Error(`not within ${timeoutMs} ms`)), timeoutMs);
      const once = { signal: settled.signal };
      settled.signal.addEventListener('abort', () => clearTimeout(timer));
      cancel?.addEventListener('abort', () => reject(cancel.reason), once);
      if (cancel?.aborted) reject(cancel.reason);
    });
    try {
      const token = await Promise.race([late, Promise.resolve().then(getToken)]);
      if (typeof token !== 'string' || token === '')
        throw new TypeError(`it gave ${token === '' ? 'an empty string' : typeof token}`);
      this.token = token;
      return token;
    } catch (cause) {
      if (cancel?.aborted) throw aborted(cancel);
      const message = `getToken() gave no token: ${detailOf(cause)}`;
      throw new RelayClientError('ERR_CLIENT_TOKEN', message, { retryable: true, cause });
    } finally {
      settled.abort();
    }
  }
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;

/** Brings another token before the one there is ends; again and again, while there is time. */
export class TokenRefresh {
  readonly #bring: () => Promise<unknown>;
  readonly #emit: Emit;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #endsAt = 0;
  /** Counts what was begun: what is under way of an older one is not repeated. */
  #round = 0;

  constructor(bring: () => Promise<unknown>, emit: Emit) {
    this.#bring = bring;
    this.#emit = emit;
  }

  begin(expiresInMs: number): void {
    this.stop();
    this.#endsAt = performance.now() + expiresInMs;
    void this.#attempt(this.#round, FIRST_PAUSE_MS);
  }

  stop(): void {
    this.#round += 1;
    clearTimeout(this.#timer);
  }

  async #attempt(round: number, pauseMs: number): Promise<void> {
    try {
      await this.#bring();
    } catch (error) {
      if (round !== this.#round) return;
      this.#emit('error', error as RelayClientError);
      if (performance.now() + pauseMs >= this.#endsAt) return;
      const next = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      this.#timer = setTimeout(() => void this.#attempt(round, next), pauseMs);
    }
  }
}
