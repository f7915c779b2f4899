import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe } from 'vitest';
import { redisBackplane } from '../../src/plugins/redis/index.js';
import { describeReal } from '../support/real.js';
import { RedisServer } from '../support/redis.js';
import { REDIS_PACKAGES, RedisClients } from '../support/redis-clients.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { backplaneContract } from './backplane.js';

describeReal(['redis'], 'with a real Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server?.stop());

  describe.each(REDIS_PACKAGES)('and clients of %s', (name) => {
    const clients = new RedisClients();
    afterAll(() => clients.close());

    backplaneContract(`in Redis, by ${name}`, () => {
      const prefix = `test-${randomUUID()}`;
      return {
        process: async () =>
          redisBackplane({ client: await clients.connect(name, server.url), prefix, logger: false }),
        later: (ms) => sleep(ms),
      };
    });
  });
});

describeReal(['redis'], 'with a real Redis Cluster', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await RedisCluster.start();
  });
  afterAll(() => cluster?.stop());

  describe.each(REDIS_PACKAGES)('and clients of %s', (name) => {
    const clients = new RedisClients();
    afterAll(() => clients.close());

    backplaneContract(`in a Redis Cluster, by ${name}`, () => {
      const prefix = `test-${randomUUID()}`;
      return {
        process: async () => {
          const client = await clients.connectCluster(name, cluster.ports);
          return redisBackplane({ client, prefix, logger: false });
        },
        later: (ms) => sleep(ms),
      };
    });
  });
});
