// @ts-check
/**
 * The live room on Hono, as an example of a server that speaks Request and Response (WHATWG Fetch): the page, the
 * REST API and the signalling in one server.
 *
 *   npm run build && node examples/hono/server.js
 *   SFU_URL=host:5551 node examples/hono/server.js     with a real Ion SFU
 */
import { once } from 'node:events';
import { serve } from '@hono/node-server';
import { getConnInfo } from '@hono/node-server/conninfo';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { createHandler } from 'sfu-relay/fetch';
import { useServer } from 'sfu-relay/ws';
import { WebSocketServer } from 'ws';
import { clientFolder, pageFolder, pageHeaders } from '../live-room/page.js';
import { openRelay } from '../live-room/relay.js';
import { run } from '../live-room/run.js';

run('node examples/hono/server.js', async ({ port, host, serverUrl }) => {
  // 1. The relay: authentication, message kinds and rate limits.
  const relay = openRelay(serverUrl);

  // 2. The REST API. A Request has no remote address, so pass that of the socket.
  const app = new Hono();
  const api = createHandler(relay, { prefix: '/api/v1/sfu' });
  app.all('/api/v1/sfu/*', (context) =>
    api(context.req.raw, { remoteAddress: getConnInfo(context).remote.address }),
  );

  // 3. The page and the browser library.
  app.use(async (context, next) => {
    for (const [name, value] of pageHeaders) context.header(name, value);
    await next();
  });
  app.use(
    '/sfu-relay/*',
    serveStatic({ root: clientFolder, rewriteRequestPath: (path) => path.slice('/sfu-relay'.length) }),
  );
  app.use(serveStatic({ root: pageFolder }));

  // 4. The signalling: every WebSocket on /rtc is one client of the relay.
  const http = /** @type {import('node:http').Server} */ (serve({ fetch: app.fetch, port, hostname: host }));
  await once(http, 'listening');
  useServer(relay, new WebSocketServer({ server: http, path: '/rtc' }));

  // 5. The shutdown: the relay sends its clients away, then the server ends.
  return async (options) => {
    await relay.close(options);
    http.close();
    http.closeAllConnections();
  };
});
