import { setTimeout } from 'node:timers/promises';
import type { createLocalJWKSet, JSONWebKeySet } from 'jose';
import type { Logger } from '../../util/logger.js';
import { fetchJson } from './endpoint.js';
import { unavailable } from './failures.js';
import { type Jose, loadJose } from './jose.js';

/** Finds the key for a token's header. */
export type KeySet = ReturnType<typeof createLocalJWKSet>;

/** The part of `cacheTtlMs` after which newer keys are asked for, while those that there are still hold. */
const REFRESH_AFTER = 0.8;

/** ms that a login waits for newer keys where `cacheTtlMs` has passed and `maxStaleMs` has not. */
const STALE_WAIT_MS = 500;

interface Setup {
  url: URL;
  timeoutMs: number;
  cacheTtlMs: number;
  cooldownMs: number;
  maxStaleMs: number;
  logger: Logger;
}

/**
 * The keys of an authorization server, as it published them last. Asked for again before they are old, and where a key is
 * unknown; one request at a time, and not more often than every `cooldownMs` in vain.
 */
export class Jwks {
  readonly #setup: Setup;
  #keys: KeySet | undefined;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** Of the newest request. */
  #failure: unknown;
  #request: Promise<void> | undefined;
  /** Resolves with `#request`, or when nobody who has old keys waits for it any longer. */
  #patience: Promise<void> | undefined;

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  /**
   * Those that hold now. Nobody waits for newer ones while these are younger than `cacheTtlMs`. Beyond that one
   * waits a moment: a withdrawn key must let nobody in where the server answers.
   * @throws RelayError `ERR_RELAY_AUTH_UNAVAILABLE`
   */
  async current(): Promise<KeySet> {
    const { cacheTtlMs, maxStaleMs } = this.#setup;
    const age = () => performance.now() - this.#fetchedAt;
    // One that has just failed is not asked again by everybody who comes.
    if (age() >= cacheTtlMs * REFRESH_AFTER && !(this.#failure && this.#coolsDown)) {
      const request = this.#ask();
      if (age() >= cacheTtlMs + maxStaleMs) await request;
      else if (age() >= cacheTtlMs) await this.#patience;
    }
    if (!this.#keys || age() >= cacheTtlMs + maxStaleMs) throw this.#unavailable();
    return this.#keys;
  }

  /**
   * Where these lack a key: those of a moment ago at most, which may be the same.
   * @throws RelayError `ERR_RELAY_AUTH_UNAVAILABLE`: the key may be a new one, and nobody can say.
   */
  async newerThan(keys: KeySet): Promise<KeySet> {
    if (this.#keys === keys && !this.#coolsDown) await this.#ask();
    if (this.#failure || !this.#keys) throw this.#unavailable();
    return this.#keys;
  }

  get #coolsDown(): boolean {
    return performance.now() - this.#askedAt < this.#setup.cooldownMs;
  }

  #unavailable() {
    const { cooldownMs } = this.#setup;
    return unavailable(this.#failure, Math.max(0, this.#askedAt + cooldownMs - performance.now()));
  }

  #ask(): Promise<void> {
    if (!this.#request) {
      this.#request = this.#fetch().finally(() => {
        this.#request = undefined;
      });
      this.#patience = Promise.race([this.#request, setTimeout(STALE_WAIT_MS, undefined, { ref: false })]);
    }
    return this.#request;
  }

  async #fetch(): Promise<void> {
    const { url, timeoutMs, logger } = this.#setup;
    try {
      const jose = await loadJose();
      this.#keys = readKeys(
        jose,
        await fetchJson(url, timeoutMs, { headers: { accept: 'application/json' } }),
      );
      this.#fetchedAt = performance.now();
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error;
      logger.warn(
        { err: error },
        this.#keys ? 'Old keys are used: there are no new ones' : 'There are no keys',
      );
    }
    this.#askedAt = performance.now();
  }
}

function readKeys({ createLocalJWKSet }: Jose, value: unknown): KeySet {
  const { keys } = (value ?? {}) as { keys?: unknown };
  // A server without keys could sign nothing: it is mistaken, and what it said before stands.
  if (!Array.isArray(keys) || keys.length === 0) throw new Error('the server answers with no keys');
  return createLocalJWKSet(value as JSONWebKeySet);
}
