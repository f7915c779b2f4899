import pTimeout from 'p-timeout';
import type { RateLimiterRedis } from 'rate-limiter-flexible';
import { deadlineTimers } from '../../util/deadline.js';
import { loadPeer } from '../../util/optional-peer.js';
import type { Budget } from './budget.js';
import { redisKey } from './keys.js';
import { MemoryWindow } from './memory-window.js';
import type { ResolvedRedis } from './options.js';
import { RedisHealth } from './redis-health.js';

const PEER = { name: 'rate-limiter-flexible', user: 'rateLimits({ redis })' };
type Flexible = typeof import('rate-limiter-flexible');

/** Budgets with their windows, which know of each other whether Redis answers. */
export function openInRedis(
  budgets: readonly Budget[],
  redis: ResolvedRedis,
): { budget: Budget; window: RedisWindow }[] {
  const health = new RedisHealth(redis.logger);
  const flexible = loadPeer(PEER, () => import('rate-limiter-flexible'));
  // Not only when the first client comes: somebody has to hear of it where it is missing.
  flexible.catch((error) => process.emitWarning(error));
  return budgets.map((budget) => ({ budget, window: new RedisWindow(budget, redis, health, flexible) }));
}

/** Shared by all processes on the same Redis. While that is down, or too slow, each process counts for itself. */
class RedisWindow {
  /** Once it is loaded. */
  #redis: RateLimiterRedis | undefined;
  readonly #loading: Promise<RateLimiterRedis>;
  readonly #flexible: Promise<Flexible>;
  /**
   * Not handed to the limiter as its `insuranceLimiter`: what Redis fails to do after its time is up would be charged
   * for twice.
   */
  readonly #insurance: MemoryWindow;
  readonly #timeoutMs: number;
  readonly #health: RedisHealth;

  constructor(
    { name, size }: Budget,
    { client, keyPrefix, timeoutMs }: ResolvedRedis,
    health: RedisHealth,
    flexible: Promise<Flexible>,
  ) {
    this.#flexible = flexible;
    this.#loading = flexible.then(
      ({ RateLimiterRedis }) =>
        new RateLimiterRedis({
          storeClient: client,
          keyPrefix: `${keyPrefix}:${name}`,
          points: size.points,
          duration: size.durationMs / 1_000,
          // Its own guess knows node-redis 4, but not 5.
          useRedisPackage: !('defineCommand' in client),
        }),
    );
    this.#loading.then(
      (redis) => {
        this.#redis = redis;
      },
      () => {},
    );
    this.#insurance = new MemoryWindow(size);
    this.#timeoutMs = timeoutMs;
    this.#health = health;
  }

  /** As in memory. */
  async take(key: string, points: number): Promise<number> {
    let retryAfterMs: number | undefined;
    if (this.#health.isUp) retryAfterMs = await this.#ask(key, points);
    // Nobody waits for a Redis that is known to be down.
    else if (this.#health.mayTry()) void this.#ask(key, points);
    return retryAfterMs ?? this.#insurance.take(key, points);
  }

  /** Gives undefined where Redis has no answer in time. */
  async #ask(key: string, points: number): Promise<number | undefined> {
    let retryAfterMs = 0;
    try {
      const redis = this.#redis ?? (await this.#loading);
      await pTimeout(redis.consume(redisKey(key), points), {
        milliseconds: this.#timeoutMs,
        message: `Redis has not answered within ${this.#timeoutMs} ms.`,
        customTimers: deadlineTimers,
      });
    } catch (error) {
      const { RateLimiterRes } = await this.#flexible.catch(() => ({ RateLimiterRes: undefined }));
      if (!RateLimiterRes || !(error instanceof RateLimiterRes)) {
        this.#health.failed(error);
        return undefined;
      }
      retryAfterMs = Math.max(1, error.msBeforeNext);
    }
    this.#health.answered();
    return retryAfterMs;
  }
}
