// @ts-check
/**
 * Live room: a page, a relay and an SFU in one process.
 *
 *   npm start                        with the dev SFU, nothing else to install
 *   SFU_URL=host:5551 npm start      with a real Ion SFU
 *   NODES=2 npm start                with two dev SFUs, one of which you may kill
 *   HOST=0.0.0.0 npm start           also for phones in the same network
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { useServer } from 'sfu-relay/ws';
import { WebSocketServer } from 'ws';
import { Cluster } from './cluster.js';
import { serveFolders } from './files.js';
import { clientFolder, clusterSetupFolder, pageFolder, tokenPageFolder } from './page.js';
import { openRelay } from './relay.js';
import { run } from './run.js';
import { openTokens } from './tokens.js';

run({ command: 'npm start', takesNodes: true }, async ({ port, host, serverUrl, nodes }) => {
  // 1. The relay: authentication, message kinds and rate limits. In development it also accepts tokens that /token/ has
  //    signed.
  const tokens = process.env.NODE_ENV === 'production' ? undefined : openTokens();
  const cluster = nodes.length > 1 ? new Cluster(nodes) : undefined;
  const relay = openRelay(cluster?.sfu ?? serverUrl, tokens?.admit);

  // 2. The page, the health of the SFU, and the SFU nodes if there are several.
  const pages = serveFolders({
    '/': pageFolder,
    '/sfu-relay/': clientFolder,
    ...(tokens && { '/token/': tokenPageFolder }),
    ...(cluster && { '/setup/': clusterSetupFolder }),
  });
  const http = createServer(async (request, response) => {
    if (tokens && request.url === '/tokens') return tokens.answer(request, response);
    if (cluster && /^\/nodes\b/.test(request.url ?? '')) return cluster.answer(relay, request, response);
    if (request.url !== '/healthz') return pages(request, response);
    // This is public, so leave out the SFU's address, which the report of `healthCheck()` has.
    const { ok } = await relay.healthCheck();
    response.writeHead(ok ? 200 : 503, {
      'content-type': 'application/json',
      'cache-control': 'no-store',
    });
    response.end(JSON.stringify({ ok }));
  });
  await once(http.listen(port, host), 'listening');

  // 3. The signalling: every WebSocket on /rtc is one client of the relay.
  useServer(relay, new WebSocketServer({ server: http, path: '/rtc' }));

  // 4. The shutdown: the relay sends its clients away, then the server ends.
  return async (options) => {
    await relay.close(options);
    http.close();
    http.closeAllConnections();
  };
});
