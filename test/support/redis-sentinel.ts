import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis, type RedisOptions } from 'ioredis';
import { createSentinel } from 'redis';
import type { RedisClient } from '../../src/plugins/redis/index.js';
import { Child } from './child.js';
import { freePort } from './listen.js';
import { until } from './poll.js';
import { redisPath } from './real.js';
import { RedisServer } from './redis.js';
import type { RedisPackage } from './redis-clients.js';

const NAME = 'rooms';
const RETRY_MS = 100;

/** A Redis with a replica, and a Sentinel that promotes it. */
export class RedisSentinel {
  readonly #close: (() => unknown)[] = [];

  private constructor(
    readonly primary: RedisServer,
    readonly replica: RedisServer,
    private readonly sentinel: Child,
    private readonly port: number,
    private readonly folder: string,
  ) {}

  static async start(): Promise<RedisSentinel> {
    const primary = await RedisServer.start();
    const replica = await RedisServer.start(['--replicaof', '127.0.0.1', String(primary.port)]);
    const folder = await mkdtemp(join(tmpdir(), 'sfu-relay-sentinel-'));
    const file = join(folder, 'sentinel.conf');
    const port = await freePort();
    // The Sentinel writes to its file.
    const lines = [
      ...[`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`],
      `sentinel monitor ${NAME} 127.0.0.1 ${primary.port} 1`,
      `sentinel down-after-milliseconds ${NAME} 1000`,
      `sentinel failover-timeout ${NAME} 5000`,
    ];
    await writeFile(file, `${lines.join('\n')}\n`);
    const sentinel = new Child(redisPath() ?? 'redis-server', [file, '--sentinel']);
    await sentinel.output(/\+monitor master/);
    const started = new RedisSentinel(primary, replica, sentinel, port, folder);
    const client = started.#connect({ port });
    await until('the Sentinel knows the replica', async () => {
      const replicas = (await client.call('SENTINEL', 'replicas', NAME)) as string[][];
      return replicas.some((each) => each.includes('ok') && each.includes(String(replica.port)));
    });
    return started;
  }

  /** A client that follows the Sentinel. */
  async client(name: RedisPackage): Promise<RedisClient> {
    const sentinel = { host: '127.0.0.1', port: this.port };
    if (name === 'ioredis')
      return this.#connect({
        ...{ sentinels: [sentinel], name: NAME },
        ...{ sentinelRetryStrategy: () => RETRY_MS, retryStrategy: () => RETRY_MS },
      }) as unknown as RedisClient;
    const client = createSentinel({
      ...{ name: NAME, sentinelRootNodes: [sentinel] },
      nodeClientOptions: { socket: { reconnectStrategy: RETRY_MS } },
    });
    client.on('error', () => {});
    this.#close.push(() => client.destroy());
    await client.connect();
    return client as unknown as RedisClient;
  }

  /** Kills the primary; resolves when the replica has taken its place. */
  async failOver(): Promise<void> {
    const client = this.#connect({ port: this.port });
    await this.primary.stop();
    await until(
      'the replica is promoted',
      async () => {
        const [, port] = (await client.call('SENTINEL', 'get-master-addr-by-name', NAME)) as string[];
        return port === String(this.replica.port);
      },
      { timeoutMs: 20_000, intervalMs: 20 },
    );
  }

  async stop(): Promise<void> {
    for (const close of this.#close) await close();
    await this.sentinel.stop('SIGKILL');
    await Promise.all([this.primary.stop(), this.replica.stop()]);
    await rm(this.folder, { recursive: true, force: true });
  }

  #connect(options: RedisOptions): Redis {
    const client = new Redis({ host: '127.0.0.1', ...options });
    client.on('error', () => {});
    this.#close.push(() => client.disconnect());
    return client;
  }
}
