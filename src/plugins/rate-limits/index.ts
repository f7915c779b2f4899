/**
 * How much each client may send. Guide: docs/LIMITS.md.
 * @module sfu-relay/limits
 */
import type { LimitedMessage, RateLimiter } from '../../limits/rate-limiter.js';
import type { Budget } from './budget.js';
import { MemoryWindow } from './memory-window.js';
import { type RateLimitsOptions, resolveRateLimits } from './options.js';
import { openInRedis, type RedisWindow } from './redis-window.js';

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
  const charges = chargesByMethod(here, inRedis);

  const consumeInRedis = async (message: LimitedMessage, charged: Charge<RedisWindow>[]): Promise<void> => {
    for (const { budget, window, cost } of charged) {
      const key = budget.keyOf(message);
      const overdraft = key && (await window.take(key, cost));
      if (overdraft) throw budget.refusal(key, message.method, overdraft.windowMs, overdraft.pointsAhead);
    }
  };
  return {
    // Synchronous unless Redis is needed: this runs for each message.
    consume(message) {
      const charged = charges(message.method);
      for (const { budget, window, cost } of charged.here) {
        const key = budget.keyOf(message);
        const windowMs = key ? window.take(key, cost) : 0;
        if (key && windowMs > 0) throw budget.refusal(key, message.method, windowMs);
      }
      if (charged.inRedis.some(({ budget }) => budget.keyOf(message)))
        return consumeInRedis(message, charged.inRedis);
    },
  };
}

interface Limit<Window> {
  budget: Budget;
  window: Window;
}

interface Charge<Window> extends Limit<Window> {
  cost: number;
}

/** Which budgets a method costs points of, found once for each method and not for each message. */
function chargesByMethod(here: Limit<MemoryWindow>[], inRedis: Limit<RedisWindow>[]) {
  const charge = <Window>(limits: Limit<Window>[], method: string): Charge<Window>[] =>
    limits
      .map(({ budget, window }) => ({ budget, window, cost: budget.costOf(method) }))
      .filter(({ cost }) => cost > 0);
  const chargesOf = (method: string) => ({ here: charge(here, method), inRedis: charge(inRedis, method) });
  const methods = [...here, ...inRedis].flatMap(({ budget }) => budget.methods);
  const charges = new Map(methods.map((method) => [method, chargesOf(method)]));
  const others = chargesOf('*');
  return (method: string) => charges.get(method) ?? others;
}
