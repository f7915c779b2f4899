import pTimeout from 'p-timeout';
import type { RateLimiterRedis } from 'rate-limiter-flexible';
import { deadlineTimers } from '../../util/deadline.js';
import { loadPeer } from '../../util/optional-peer.js';
import { redisKey } from '../../util/redis-key.js';
import type { Budget } from './budget.js';
import { MemoryWindow } from './memory-window.js';
import type { ResolvedRedis } from './options.js';
import { RedisHealth } from './redis-health.js';

const PEER = { name: 'rate-limiter-flexible', user: 'rateLimits({ redis })' };
type Flexible = typeof import('rate-limiter-flexible');

/** Opens the windows of budgets in Redis. They share the knowledge whether Redis responds. */
export function openInRedis(
  budgets: readonly Budget[],
  redis: ResolvedRedis,
): { budget: Budget; window: RedisWindow }[] {
  const health = new RedisHealth(redis.logger);
  const flexible = loadPeer(PEER, () => import('rate-limiter-flexible'));
  // Warns at startup if the package is not installed, and not only when the first client connects.
  flexible.catch((error) => process.emitWarning(error));
  return budgets.map((budget) => ({ budget, window: new RedisWindow(budget, redis, health, flexible) }));
}

/** What a key lacks points for. */
interface Overdraft {
  /** What is left of the window; 0 if the key has enough points. */
  windowMs: number;
  /** Of messages that all processes have refused in this window before. */
  pointsAhead: number;
}

const NONE: Overdraft = { windowMs: 0, pointsAhead: 0 };

/** A window that all processes on the same Redis share. While Redis is down or slow, each process counts by itself. */
export class RedisWindow {
  /** Once the package is loaded. */
  #redis: RateLimiterRedis | undefined;
  readonly #loading: Promise<RateLimiterRedis>;
  readonly #flexible: Promise<Flexible>;
  /**
   * Not the limiter's own `insuranceLimiter`: a request that fails after its deadline would be charged twice.
   */
  readonly #insurance: MemoryWindow;
  readonly #points: number;
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
          // The limiter's own detection does not know node-redis 5.
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
    this.#points = size.points;
    this.#timeoutMs = timeoutMs;
    this.#health = health;
  }

  /** Charges points to a key. Resolves with undefined if the key has enough of them. */
  async take(key: string, points: number): Promise<Overdraft | undefined> {
    let overdraft: Overdraft | undefined;
    if (this.#health.isUp) overdraft = await this.#ask(key, points);
    // Messages do not wait for a Redis that is known to be down.
    else if (this.#health.mayTry()) void this.#ask(key, points);
    overdraft ??= { windowMs: this.#insurance.take(key, points), pointsAhead: 0 };
    return overdraft.windowMs > 0 ? overdraft : undefined;
  }

  /** Resolves with undefined if Redis does not respond in time. */
  async #ask(key: string, points: number): Promise<Overdraft | undefined> {
    let overdraft = NONE;
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
      const pointsAhead = Math.max(0, error.consumedPoints - points - this.#points);
      overdraft = { windowMs: Math.max(1, error.msBeforeNext), pointsAhead };
    }
    this.#health.answered();
    return overdraft;
  }
}
