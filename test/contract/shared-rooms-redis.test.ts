import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { redisBackplane } from '../../src/plugins/redis/index.js';
import { describeReal } from '../support/real.js';
import { RedisServer } from '../support/redis.js';
import { RedisClients } from '../support/redis-clients.js';
import { sharedRoomsContract } from './shared-rooms.js';

describeReal(['redis'], 'with a real Redis', () => {
  let server: RedisServer;
  const clients = new RedisClients();
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(async () => {
    clients.close();
    await server?.stop();
  });

  sharedRoomsContract('in Redis', async () => {
    const prefix = `test-${randomUUID()}`;
    const connected = await Promise.all([0, 1, 2, 3].map(() => clients.connect('ioredis', server.url)));
    return {
      backplane: (n) => redisBackplane({ client: connected[n] as never, prefix, logger: false }),
    };
  });
});
