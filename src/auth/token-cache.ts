import { createHash } from 'node:crypto';
import { unavailable } from './failures.js';

interface Setup<Value> {
  ask(token: string): Promise<Value>;
  /** ms for which an answer holds; none at 0 and below. */
  ttlMsOf(value: Value): number;
  maxEntries: number;
  maxRequests: number;
}

/**
 * What was answered for a token, for a time: the oldest makes room. Who asks for one that is being asked for gets the
 * same answer. Tokens are kept as hashes only.
 */
export class TokenCache<Value> {
  readonly #setup: Setup<Value>;
  readonly #entries = new Map<string, { value: Value; until: number }>();
  readonly #requests = new Map<string, Promise<Value>>();

  constructor(setup: Setup<Value>) {
    this.#setup = setup;
  }

  /** @throws RelayError what `ask` throws, which is not kept; `ERR_RELAY_AUTH_UNAVAILABLE` where too much is asked for */
  get(token: string): Promise<Value> {
    const key = createHash('sha256').update(token).digest('base64');
    const entry = this.#entries.get(key);
    if (entry && performance.now() < entry.until) return Promise.resolve(entry.value);
    const running = this.#requests.get(key);
    if (running) return running;
    if (this.#requests.size >= this.#setup.maxRequests)
      return Promise.reject(unavailable(new Error('too many tokens are being asked for'), 1_000));
    const request = this.#ask(key, token).finally(() => this.#requests.delete(key));
    this.#requests.set(key, request);
    return request;
  }

  async #ask(key: string, token: string): Promise<Value> {
    const value = await this.#setup.ask(token);
    const ttlMs = this.#setup.ttlMsOf(value);
    this.#entries.delete(key);
    if (ttlMs > 0) this.#entries.set(key, { value, until: performance.now() + ttlMs });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#setup.maxEntries) break;
      this.#entries.delete(oldest);
    }
    return value;
  }
}
