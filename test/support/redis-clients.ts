import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import type { RedisClient } from '../../src/plugins/redis/index.js';

/** The packages whose clients a backplane takes. */
export type RedisPackage = 'redis' | 'ioredis';

const REDIS_PACKAGES: readonly RedisPackage[] = ['redis', 'ioredis'];

export { REDIS_PACKAGES };

/** Connects clients of either package, and closes them all in the end. */
export class RedisClients {
  readonly #close: (() => void)[] = [];

  async connect(name: RedisPackage, url: string): Promise<RedisClient> {
    if (name === 'ioredis') {
      const client = new Redis(url, { lazyConnect: true });
      this.#close.push(() => client.disconnect());
      await client.connect();
      return client as unknown as RedisClient;
    }
    const client = createClient({ url, socket: { reconnectStrategy: 50 } });
    this.#close.push(() => client.destroy());
    await client.connect();
    return client as unknown as RedisClient;
  }

  /** @param ports of nodes of a cluster */
  async connectCluster(name: RedisPackage, ports: readonly number[]): Promise<RedisClient> {
    if (name === 'ioredis') {
      const nodes = ports.map((port) => ({ host: '127.0.0.1', port }));
      const cluster = new Cluster(nodes, { lazyConnect: true });
      this.#close.push(() => cluster.disconnect());
      await cluster.connect();
      return cluster as unknown as RedisClient;
    }
    const cluster = createCluster({ rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) });
    this.#close.push(() => cluster.destroy());
    await cluster.connect();
    return cluster as unknown as RedisClient;
  }

  close(): void {
    for (const close of this.#close.splice(0)) close();
  }
}
