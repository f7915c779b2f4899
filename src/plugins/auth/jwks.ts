import { setTimeout } from 'node:timers/promises';
import type { createLocalJWKSet, JSONWebKeySet } from 'jose';
import type { Logger } from '../../util/logger.js';
import { fetchJson } from './endpoint.js';
import { unavailable } from './failures.js';
import { type Jose, loadJose } from './jose.js';

/** Finds the key that a token's header names. */
export type KeySet = ReturnType<typeof createLocalJWKSet>;

/** The share of `cacheTtlMs` after which keys are refreshed in the background. */
const REFRESH_AFTER = 0.8;

/** ms that a login waits for newer keys between `cacheTtlMs` and `maxStaleMs`. */
const STALE_WAIT_MS = 500;

interface JwksOptions {
  url: URL;
  timeoutMs: number;
  cacheTtlMs: number;
  cooldownMs: number;
  maxStaleMs: number;
  logger: Logger;
}

/**
 * The published keys of an authorization server. They are fetched again before they are old, and when a token names an
 * unknown key: by one request at a time, and at most every `cooldownMs` without success.
 *
 * jose makes the keys (`createLocalJWKSet`). Its `createRemoteJWKSet` cannot fetch them, not even with `customFetch`, `jwksCache`
 * and `reload()`: it throws as soon as the keys are older than `cacheMaxAge` and the server is down, asks a failing server again at
 * every login, and reads the system's clock.
 */
export class Jwks {
  readonly #options: JwksOptions;
  #keys: KeySet | undefined;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** The error of the newest request. */
  #failure: unknown;
  #request: Promise<void> | undefined;
  /** Resolves with `#request`, or after the time that logins with stale keys wait for it. */
  #staleWait: Promise<void> | undefined;

  constructor(options: JwksOptions) {
    this.#options = options;
  }

  /**
   * The valid keys. Keys older than `cacheTtlMs` are used only after a short wait for newer ones: while the server
   * answers, a withdrawn key must not be accepted.
   * @throws RelayError `ERR_RELAY_AUTH_UNAVAILABLE`
   */
  async current(): Promise<KeySet> {
    const { cacheTtlMs, maxStaleMs } = this.#options;
    const age = () => performance.now() - this.#fetchedAt;
    // After a failure the server is left alone for `cooldownMs`.
    if (age() >= cacheTtlMs * REFRESH_AFTER && !(this.#failure && this.#coolsDown)) {
      const request = this.#ask();
      if (age() >= cacheTtlMs + maxStaleMs) await request;
      else if (age() >= cacheTtlMs) await this.#staleWait;
    }
    if (!this.#keys || age() >= cacheTtlMs + maxStaleMs) throw this.#unavailable();
    return this.#keys;
  }

  /**
   * The keys of at most `cooldownMs` ago, for a token whose key `keys` does not have; they may be the same.
   * @throws RelayError `ERR_RELAY_AUTH_UNAVAILABLE`: they cannot be fetched, and the key may be new
   */
  async newerThan(keys: KeySet): Promise<KeySet> {
    if (this.#keys === keys && !this.#coolsDown) await this.#ask();
    if (this.#failure || !this.#keys) throw this.#unavailable();
    return this.#keys;
  }

  get #coolsDown(): boolean {
    return performance.now() - this.#askedAt < this.#options.cooldownMs;
  }

  #unavailable() {
    const { cooldownMs } = this.#options;
    return unavailable(this.#failure, Math.max(0, this.#askedAt + cooldownMs - performance.now()));
  }

  #ask(): Promise<void> {
    if (!this.#request) {
      this.#request = this.#fetch().finally(() => {
        this.#request = undefined;
      });
      this.#staleWait = Promise.race([this.#request, setTimeout(STALE_WAIT_MS, undefined, { ref: false })]);
    }
    return this.#request;
  }

  async #fetch(): Promise<void> {
    const { url, timeoutMs, logger } = this.#options;
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
  // A server without keys could sign nothing. Its response is an error, and the old keys stay.
  if (!Array.isArray(keys) || keys.length === 0) throw new Error('the server answers with no keys');
  return createLocalJWKSet(value as JSONWebKeySet);
}
