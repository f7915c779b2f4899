// @ts-check
/** A relay process: node relay.js <port> <URL of Redis> <addresses of the SFU nodes>. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createClient } from 'redis';
import { redisBackplane } from 'sfu-relay/redis';
import { useServer } from 'sfu-relay/ws';
import { WebSocketServer } from 'ws';
import { Cluster } from '../live-room/cluster.js';
import { openRelay } from '../live-room/relay.js';

const [port, redis, addresses = ''] = process.argv.slice(2);

// 1. Redis. Without a listener of `error`, a lost connection would end the process.
const client = createClient({ url: redis });
client.on('error', () => {});
await client.connect();

// 2. The relay. All processes have the same nodes and the same Redis; nothing else makes them one.
const clusterNodes = addresses.split(',');
const relay = openRelay({ mode: 'cluster', clusterNodes }, undefined, {
  backplane: redisBackplane({ client }),
});

// 3. What the page shows: the nodes, and whether a session is here.
const cluster = new Cluster(clusterNodes.map((address) => ({ address, kill: async () => {} })));
const http = createServer((request, response) => {
  const [, path, id = ''] = (request.url ?? '').split('/');
  if (path?.startsWith('nodes')) return void cluster.answer(relay, request, response);
  const isHere = path === 'sessions' && relay.getSession(id) !== undefined;
  response.writeHead(isHere ? 204 : 404).end();
});
useServer(relay, new WebSocketServer({ server: http, path: '/rtc' }));
await once(http.listen(Number(port), '127.0.0.1'), 'listening');
const address = /** @type {import('node:net').AddressInfo} */ (http.address());
process.send?.(address.port);

// 4. The shutdown: clients are sent to another process.
process.once('SIGTERM', async () => {
  await relay.close({ timeoutMs: 2_000 });
  process.exit();
});
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
