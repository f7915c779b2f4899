// @ts-check
/**
 * The live room on Koa: the page, the REST API and the signalling in one server.
 *
 *   npm run build && node examples/koa/server.js
 *   SFU_URL=host:5551 node examples/koa/server.js     with a real Ion SFU
 */
import { once } from 'node:events';
import Koa from 'koa';
import mount from 'koa-mount';
import serve from 'koa-static';
import { createMiddleware } from 'sfu-relay/koa';
import { useServer } from 'sfu-relay/ws';
import { WebSocketServer } from 'ws';
import { clientFolder, pageFolder, pageHeaders } from '../live-room/page.js';
import { openRelay } from '../live-room/relay.js';
import { run } from '../live-room/run.js';

run('node examples/koa/server.js', async ({ port, host, serverUrl }) => {
  // 1. The relay: authentication, message kinds and rate limits.
  const relay = openRelay(serverUrl);

  // 2. The REST API. Requests to other paths go on to the next middleware.
  const app = new Koa();
  app.use(createMiddleware(relay, { prefix: '/api/v1/sfu' }));

  // 3. The page and the browser library.
  app.use((context, next) => {
    context.set(Object.fromEntries(pageHeaders));
    return next();
  });
  app.use(mount('/sfu-relay', serve(clientFolder)));
  app.use(serve(pageFolder));

  // 4. The signalling: every WebSocket on /rtc is one client of the relay.
  const http = app.listen(port, host);
  await once(http, 'listening');
  useServer(relay, new WebSocketServer({ server: http, path: '/rtc' }));

  // 5. The shutdown: the relay sends its clients away, then the server ends.
  return async (options) => {
    await relay.close(options);
    http.close();
    http.closeAllConnections();
  };
});
