import { createHash } from 'node:crypto';

interface Setup<Value> {
  /** Undefined: the token is refused. `address` is who brings it. */
  ask(token: string, address: string): Promise<Value | undefined>;
  /** ms for which an answer holds; none at 0 and below. */
  ttlMsOf(value: Value | undefined): number;
  maxEntries: number;
}

/** So many refusals are kept beside the answers: a flood of made-up tokens must not push the good ones out. */
const MAX_REFUSALS = 1_000;

/**
 * What was answered for a token, for a time: the oldest makes room. Who asks for one that is being asked for gets the
 * same answer. Tokens are kept as hashes only.
 */
export class TokenCache<Value> {
  readonly #setup: Setup<Value>;
  readonly #answers: BoundedCache<Value>;
  readonly #refusals: BoundedCache<undefined>;
  readonly #requests = new Map<string, Promise<Value | undefined>>();

  constructor(setup: Setup<Value>) {
    this.#setup = setup;
    this.#answers = new BoundedCache(setup.maxEntries);
    this.#refusals = new BoundedCache(Math.min(setup.maxEntries, MAX_REFUSALS));
  }

  /** @throws RelayError what `ask` throws, which is not kept */
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
    const value = await this.#setup.ask(token, address);
    const ttlMs = this.#setup.ttlMsOf(value);
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
