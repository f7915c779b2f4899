// A relay among several, in a process of its own: node relay.mjs '<JSON of RelayEntry>'. Prints "listening on <port>"; ends after
// relay.close() at SIGTERM. PUT and DELETE /draining/<address> drain a node, and let rooms come again.
import dns from 'node:dns';
import { createServer } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { WebSocketServer } from 'ws';
import { createRouter } from '../../src/adapters/express.js';
import { useServer } from '../../src/adapters/ws.js';
import { type CloseOptions, chat, gift, like, SfuRelay, type SfuRelayOptions } from '../../src/index.js';
import { redisBackplane } from '../../src/plugins/redis/index.js';
import { listen } from '../support/listen.js';

export interface RelayEntry {
  redis: string;
  /** Where it reaches the Redis for what is published; by default as for everything else. */
  subscription?: string;
  client: 'redis' | 'ioredis';
  nodes: string[];
  options: Partial<SfuRelayOptions>;
  /** A free one by default. */
  port?: number;
  /** How it closes at SIGTERM. */
  closing?: CloseOptions;
  /** Addresses of names, as this process sees them. */
  hosts?: Record<string, string>;
}

const {
  redis,
  subscription = redis,
  client,
  nodes,
  options,
  port,
  closing,
  hosts = {},
}: RelayEntry = JSON.parse(process.argv[2] ?? '{}');
const { lookup } = dns.promises;
Object.assign(dns.promises, {
  lookup: (name: string, ...rest: [never]) => lookup(hosts[name] ?? name, ...rest),
});
syncBuiltinESMExports();
/** By default, clients wait up to 2 s before they try again. */
const RECONNECT_MS = 100;
const connected =
  client === 'redis'
    ? await createClient({ url: redis, socket: { reconnectStrategy: RECONNECT_MS } }).connect()
    : new Redis(redis, { retryStrategy: () => RECONNECT_MS });
connected.on('error', () => {});
Object.assign(connected, {
  duplicate: (other: object) =>
    client === 'redis' ? createClient({ ...other, url: subscription }) : new Redis(subscription, other),
});
const relay = new SfuRelay({
  // Users are whom they say they are; the host moderates.
  authenticate: ({ url }) => {
    const userId = new URL(url, 'ws://localhost').searchParams.get('user') ?? '';
    return { userId, grants: { roomAdmin: userId === 'host' } };
  },
  sfu: { mode: 'cluster', clusterNodes: nodes.map((serverUrl) => ({ serverUrl })) },
  messages: { chat: chat(), gift: gift(), like: like() },
  backplane: redisBackplane({ client: connected }),
  ...options,
});
const router = createRouter(relay, { prefix: '/sfu', healthDetails: 'full' });
const server = createServer(async (request, response) => {
  const [, path, address = ''] = request.url?.split('/') ?? [];
  if (path !== 'draining') return router(request, response, () => response.writeHead(404).end());
  if (request.method === 'DELETE') relay.undrainNode(address);
  const work = request.method === 'PUT' ? relay.drainNode(address, { deadlineMs: 5_000 }) : undefined;
  const report = await work?.catch((error) => ({ error: String(error) }));
  response.end(JSON.stringify(report ?? {}));
});
useServer(relay, new WebSocketServer({ server, path: '/rtc' }));
process.stdout.write(`listening on ${await listen(server, port)}\n`);
process.once('SIGTERM', async () => {
  await relay.close(closing);
  process.exit(0);
});
