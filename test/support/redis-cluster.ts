import { createClient } from 'redis';
import { freePort } from './listen.js';
import { until } from './poll.js';
import { RedisServer } from './redis.js';

const SLOTS = 16_384;

/** Three nodes, each with a third of the slots: a script whose keys are not on one of them fails. */
export class RedisCluster {
  private constructor(
    readonly ports: readonly number[],
    private readonly nodes: readonly RedisServer[],
  ) {}

  static async start(): Promise<RedisCluster> {
    const nodes: RedisServer[] = [];
    const buses: number[] = [];
    for (let n = 0; n < 3; n += 1) {
      const bus = await freePort();
      nodes.push(await RedisServer.start(['--cluster-enabled', 'yes', '--cluster-port', String(bus)]));
      buses.push(bus);
    }
    const clients = await Promise.all(nodes.map(({ url }) => createClient({ url }).connect()));
    for (const [n, client] of clients.entries()) {
      const [from, to] = [n, n + 1].map((third) => Math.floor((third * SLOTS) / 3)) as [number, number];
      await client.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', String(from), String(to - 1)]);
      const [port, bus] = [nodes[0]?.port, buses[0]].map(String) as [string, string];
      if (n > 0) await client.sendCommand(['CLUSTER', 'MEET', '127.0.0.1', port, bus]);
    }
    for (const client of clients)
      await until('the nodes know each other', async () => {
        const info = String(await client.sendCommand(['CLUSTER', 'INFO']));
        return /cluster_state:ok/.test(info) && /cluster_known_nodes:3/.test(info);
      });
    for (const client of clients) client.destroy();
    return new RedisCluster(
      nodes.map(({ port }) => port),
      nodes,
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }
}
