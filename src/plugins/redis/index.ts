export type { RedisClient } from './connection/redis-client.js';
export type { RedisBackplaneOptions } from './options.js';
export { type RedisBackplane, type RedisBackplaneStatus, redisBackplane } from './redis-backplane.js';
