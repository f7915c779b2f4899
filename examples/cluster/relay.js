// @ts-check
/** A relay process: node relay.js <port> <URL of Redis> <addresses of the SFU nodes>. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createClient } from 'redis';
import { redisBackplane } from 'sfu-relay/redis';
import { useServer } from 'sfu-relay/ws';
import { WebSocketServer } from 'ws';
import { Cluster } from '../live-room/cluster.js';
import { readConfig } from '../live-room/config.js';
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

// 3. Whether the balancer may send clients here; and what the page shows: the nodes, and whether a session is here.
const cluster = new Cluster(clusterNodes.map((address) => ({ address, kill: async () => {} })));
const http = createServer(async (request, response) => {
  const [, path, id = ''] = (request.url ?? '').split('/');
  if (path?.startsWith('nodes')) return cluster.answer(relay, request, response);
  const isHere = path === 'sessions' && relay.getSession(id) !== undefined;
  const isReady = path === 'ready' && (await relay.healthCheck()).ok;
  response.writeHead(isHere || isReady ? 204 : path === 'ready' ? 503 : 404).end();
});
useServer(relay, new WebSocketServer({ server: http, path: '/rtc' }));
await once(http.listen(Number(port), '127.0.0.1'), 'listening');
const address = /** @type {import('node:net').AddressInfo} */ (http.address());
process.send?.(address.port);

// 4. The shutdown: SIGTERM replaces this process by another one, as a deploy does, and sends its clients to the others. When all of
//    the example ends, server.js says how long that may take.
let isClosing = false;
const close = async (/** @type {import('sfu-relay').CloseOptions} */ options) => {
  if (isClosing) process.exit(1);
  isClosing = true;
  await relay.close(options);
  process.exit();
};
const { deploy } = readConfig(process.env);
process.on('SIGTERM', () => close(deploy));
process.once('message', close);
// Ctrl+C reaches the whole group: server.js ends its parts one after the other.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
