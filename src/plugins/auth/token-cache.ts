import { createHash } from 'node:crypto';

interface CacheOptions<Value> {
  /** Resolves with undefined if the token is refused. `address` is the client's. */
  ask(token: string, address: string): Promise<Value | undefined>;
  /** ms that an answer is cached; 0 or less: it is not. */
  ttlMsOf(value: Value | undefined): number;
  maxEntries: number;
}

/** Refusals are cached apart from answers: a flood of invented tokens must not evict the valid ones. */
const MAX_REFUSALS = 1_000;

/**
 * Caches the answers for tokens, and evicts the oldest. Concurrent requests for one token share an answer. Tokens are
 * stored as hashes only.
 */
export class TokenCache<Value> {
  readonly #options: CacheOptions<Value>;
  readonly #answers: BoundedCache<Value>;
  readonly #refusals: BoundedCache<undefined>;
  readonly #requests = new Map<string, Promise<Value | undefined>>();

  constructor(options: CacheOptions<Value>) {
    this.#options = options;
    this.#answers = new BoundedCache(options.maxEntries);
    this.#refusals = new BoundedCache(Math.min(options.maxEntries, MAX_REFUSALS));
  }

  /** @throws RelayError the error of `ask`, which is not cached */
  get(token: string, address: string): Promise<Value | undefined> {
    const key = createHash('sha256').update(token).digest('base64');
    const entry = this.#answers.get(key) ?? this.#refusals.get(key);
    if (entry) return Promise.resolve(entry.value);
    const running = this.#requests.get(key);
    if (running) return running;
    const request = this.#ask(key, token, address).finally(() => this.#requests.delete(key));
    this.#requests.set(key, request);
    return request;
  }

  async #ask(key: string, token: string, address: string): Promise<Value | undefined> {
    const value = await this.#options.ask(token, address);
    const ttlMs = this.#options.ttlMsOf(value);
    this.#answers.delete(key);
    this.#refusals.delete(key);
    if (value === undefined) this.#refusals.set(key, undefined, ttlMs);
    else this.#answers.set(key, value, ttlMs);
    return value;
  }
}

class BoundedCache<Value> {
  readonly #maxEntries: number;
  readonly #entries = new Map<string, { value: Value; until: number }>();

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get(key: string): { value: Value } | undefined {
    const entry = this.#entries.get(key);
    return entry && performance.now() < entry.until ? entry : undefined;
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  set(key: string, value: Value, ttlMs: number): void {
    if (ttlMs > 0) this.#entries.set(key, { value, until: performance.now() + ttlMs });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxEntries) break;
      this.#entries.delete(oldest);
    }
  }
}
