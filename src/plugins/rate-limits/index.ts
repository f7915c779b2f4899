/**
 * How much each client may send. Guide: docs/LIMITS.md.
 * @module sfu-relay/limits
 */
import type { LimitedMessage, RateLimiter } from '../../limits/rate-limiter.js';
import { MemoryWindow } from './memory-window.js';
import { type RateLimitsOptions, resolveRateLimits } from './options.js';
import { openInRedis } from './redis-window.js';

export type { LimitedMessage, RateLimiter } from '../../limits/rate-limiter.js';
export type { Logger } from '../../util/logger.js';
export {
  DEFAULT_COSTS,
  type MessageCosts,
  type RateBudget,
  type RateLimitsOptions,
  type RedisClient,
} from './options.js';

/**
 * Limits the rate of clients' messages per connection, user, address and room. In memory, or in Redis for several
 * processes.
 *
 * A message is charged to each of its budgets, one after the other, until one refuses it.
 * @throws RelayError `ERR_RELAY_CONFIG` that says what to write instead
 * @category Limits
 */
export function rateLimits(options: RateLimitsOptions = {}): RateLimiter {
  const { local, shared, redis } = resolveRateLimits(options);
  const here = local.map((budget) => ({ budget, window: new MemoryWindow(budget.size) }));
  const inRedis = redis ? openInRedis(shared, redis) : [];

  const consumeInRedis = async (message: LimitedMessage): Promise<void> => {
    for (const { budget, window } of inRedis) {
      const key = budget.keyOf(message);
      if (key) budget.check(await window.take(key, budget.costOf(message)));
    }
  };
  return {
    // Synchronous unless Redis is needed: this runs for each message.
    consume(message) {
      for (const { budget, window } of here) {
        const key = budget.keyOf(message);
        if (key) budget.check(window.take(key, budget.costOf(message)));
      }
      if (inRedis.some(({ budget }) => budget.keyOf(message))) return consumeInRedis(message);
    },
  };
}
