import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { RelayError } from '../../../protocol/errors.js';
import { withDeadline } from '../../../util/deadline.js';
import type { RedisHealth } from './health.js';
import type { Connection } from './redis-client.js';

/** ms between two looks at a connection that is not ready, and between two attempts of a command. */
const PAUSE_MS = 20;

const NOT_CONNECTED =
  'the client is not connected to Redis: it has lost its connection, was closed, or connect() was not called';

/** A script of Redis. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

export function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

/** Runs commands within a deadline: whatever Redis and its client do, a caller waits no longer. */
export class Commands {
  readonly #connection: Connection;
  readonly #health: RedisHealth;
  readonly #timeoutMs: number;

  constructor(connection: Connection, health: RedisHealth, timeoutMs: number) {
    this.#connection = connection;
    this.#health = health;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Runs a script that may run twice: where the connection breaks, it is sent again.
   * @throws RelayError `ERR_RELAY_UNAVAILABLE`: Redis has not answered in time; whether the script has run is unknown
   */
  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.#inTime((expiry) => this.#evaluate(script, keys, args, expiry));
  }

  /** As `run`, for a script that must not run twice. */
  runOnce(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.#inTime(async (expiry) => {
      await this.#ready(expiry);
      return this.#send(script, keys, args);
    });
  }

  async #evaluate(
    script: Script,
    keys: readonly string[],
    args: readonly string[],
    expiry: number,
  ): Promise<unknown> {
    for (;;) {
      await this.#ready(expiry);
      try {
        return await this.#send(script, keys, args);
      } catch (error) {
        if (!isPassing(error) || performance.now() >= expiry) throw error;
        await sleep(PAUSE_MS);
      }
    }
  }

  /** The clients may queue commands while they connect: those would run when nobody waits for them any more. */
  async #ready(expiry: number): Promise<void> {
    while (!this.#connection.isReady) {
      if (performance.now() >= expiry) throw new Error(NOT_CONNECTED);
      await sleep(PAUSE_MS);
    }
  }

  async #send({ sha, text }: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    try {
      return await this.#connection.evalsha(sha, keys, args);
    } catch (error) {
      if (!/^NOSCRIPT/.test(messageOf(error))) throw error;
      return await this.#connection.eval(text, keys, args);
    }
  }

  async #inTime(act: (expiry: number) => Promise<unknown>): Promise<unknown> {
    const late = () =>
      new Error(
        this.#connection.isReady ? `Redis has not answered within ${this.#timeoutMs} ms` : NOT_CONNECTED,
      );
    const since = performance.now();
    try {
      const result = await withDeadline(act(since + this.#timeoutMs), this.#timeoutMs, late);
      this.#health.answered();
      return result;
    } catch (error) {
      this.#health.failed(error, since);
      throw unavailable(error);
    }
  }
}

export function unavailable(cause: unknown): RelayError {
  if (cause instanceof RelayError) return cause;
  return new RelayError(
    'ERR_RELAY_UNAVAILABLE',
    'The state that the relays share cannot be reached: try again.',
    { cause },
  );
}

/** A connection that broke, or a server that is not ready yet. Other errors of the server begin with a word in capitals. */
function isPassing(error: unknown): boolean {
  const message = messageOf(error);
  return /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN) /.test(message) || !/^[A-Z]{3,} /.test(message);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
