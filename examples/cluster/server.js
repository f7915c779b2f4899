// @ts-check
/**
 * Two relay processes, two SFU nodes and a Redis, behind a load balancer without stickiness.
 *
 *   npm run cluster
 *
 * PORT is the page's port (8080), REDIS_URL a Redis of your own; without it, redis-server is started.
 */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { explain, readConfig } from '../live-room/config.js';
import { serveFolders } from '../live-room/files.js';
import { clientFolder, pageFolder } from '../live-room/page.js';
import { closeOnSignal } from '../live-room/shutdown.js';
import { createBalancer } from './balancer.js';
import { Part } from './part.js';
import { startRedis } from './redis.js';

/** @type {((options: import('sfu-relay').CloseOptions) => unknown)[]} */
const parts = [];
const stop = async (/** @type {import('sfu-relay').CloseOptions} */ options) => {
  for (const end of parts.splice(0)) await end(options);
};

try {
  const { port, host, urls, deploy } = readConfig(process.env);
  console.log('Starting Redis, two SFU nodes and two relay processes …');
  const redis = await startRedis(process.env.REDIS_URL);
  parts.unshift(redis.stop);
  const nodes = [1, 2].map((n) => new Part(`node-${n}`, 'node.js', []));
  parts.unshift(() => Promise.all(nodes.map((node) => node.stop())));
  await Promise.all(nodes.map((node) => node.start()));
  const addresses = nodes.map((node) => `127.0.0.1:${node.port}`).join();
  const relays = [1, 2].map((n) => new Part(`relay-${n}`, 'relay.js', [redis.url, addresses]));
  await Promise.all(relays.map((relay) => relay.start()));

  const pages = serveFolders({
    '/': pageFolder,
    '/sfu-relay/': clientFolder,
    '/setup/': fileURLToPath(new URL('./setup/', import.meta.url)),
  });
  const balancer = createBalancer({ relays, nodes, pages });
  await once(balancer.listen(port, host), 'listening');
  parts.unshift(() => {
    balancer.close();
    balancer.closeAllConnections();
  });
  // The relays end first: the balancer passes on what they tell their clients.
  parts.unshift((options) => Promise.all(relays.map((relay) => relay.stop(options))));
  closeOnSignal(deploy, stop);
  console.log(`
  Live room    ${urls.join('\n               ')}
  Relays       ${relays.map(({ name, pid }) => `${name} (process ${pid})`).join(', ')}
  SFU nodes    ${addresses}
  Redis        ${redis.url}

  Open it in two tabs: they may be served by different relays. The page can kill its relay and its node; both start again after
  10 s. SIGTERM to a relay's process replaces it, as a deploy does. Ctrl+C ends all.
`);
} catch (error) {
  console.error(explain(error, 'npm run cluster'));
  await stop({});
  process.exit(1);
}
