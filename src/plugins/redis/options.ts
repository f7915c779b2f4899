import { checkOptions, integer, type Keys, misconfigured } from '../../util/check-options.js';
import { type Logger, resolveLogger } from '../../util/logger.js';
import { adapt, type Connection, type RedisClient } from './connection/redis-client.js';

/**
 * Options of `redisBackplane()`; later changes have no effect.
 * @category Cluster
 */
export interface RedisBackplaneOptions {
  /**
   * A connected client of node-redis (the package redis) or ioredis, also of a cluster or for Sentinel. It is duplicated for the
   * subscription, and stays open.
   */
  client: RedisClient;
  /** The prefix of all keys and channels: processes with the same prefix share their rooms. @default 'sfu-relay' */
  prefix?: string;
  /** ms that Redis has to answer a command. @default 1000 */
  timeoutMs?: number;
  /** Logs when Redis fails, and when it answers again; `false` for silence. @default warnings go to stderr */
  logger?: Logger | false;
}

export interface ResolvedRedisBackplane {
  readonly connection: Connection;
  readonly prefix: string;
  readonly timeoutMs: number;
  readonly logger: Logger;
}

const KEYS: Keys<RedisBackplaneOptions> = { client: true, prefix: true, timeoutMs: true, logger: true };

/** @throws RelayError `ERR_RELAY_CONFIG` that says what to write instead */
export function resolveRedisBackplane(options: RedisBackplaneOptions): ResolvedRedisBackplane {
  checkOptions({ name: 'redisBackplane()', example: 'redisBackplane({ client })' }, options, KEYS);
  const { prefix = 'sfu-relay' } = options;
  // Braces would be taken for the hash tag of a cluster.
  if (typeof prefix !== 'string' || prefix === '' || /[{}\s]/.test(prefix))
    throw misconfigured('"prefix" must be a text without braces and spaces: prefix: "sfu-relay".');
  const timeoutMs = integer(options, 'timeoutMs', 1_000, 1, 3_000);
  const logger = resolveLogger(options.logger);
  return { connection: adapt(options.client), prefix, timeoutMs, logger };
}
