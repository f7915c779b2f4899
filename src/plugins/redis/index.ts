export type { BackplaneStatus } from '../../backplane/backplane.js';
export type { RedisClient } from './connection/redis-client.js';
export type { RedisBackplaneOptions } from './options.js';
export { type RedisBackplane, redisBackplane } from './redis-backplane.js';
