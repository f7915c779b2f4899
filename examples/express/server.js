// @ts-check
/**
 * The live room on Express: the page, the REST API, the signalling and the metrics in one server.
 *
 *   npm run build && node examples/express/server.js
 *   SFU_URL=host:5551 node examples/express/server.js     with a real Ion SFU
 */
import { once } from 'node:events';
import express from 'express';
import { register } from 'prom-client';
import { createRouter } from 'sfu-relay/express';
import { collectMetrics } from 'sfu-relay/metrics';
import { useServer } from 'sfu-relay/ws';
import { WebSocketServer } from 'ws';
import { clientFolder, pageFolder, pageHeaders } from '../live-room/page.js';
import { openRelay } from '../live-room/relay.js';
import { run } from '../live-room/run.js';

run('node examples/express/server.js', async ({ port, host, serverUrl }) => {
  // 1. The relay: authentication, message kinds and rate limits.
  const relay = openRelay(serverUrl);

  // 2. The REST API. It parses bodies itself; a preceding express.json() is harmless.
  const app = express();
  app.use('/api/v1/sfu', createRouter(relay));

  // 3. Metrics for Prometheus. In production hide them from the public: on another port, or behind the proxy.
  collectMetrics(relay);
  app.get('/metrics', async (_request, response) => {
    response.type(register.contentType).send(await register.metrics());
  });

  // 4. The page and the browser library.
  app.use((_request, response, next) => {
    response.setHeaders(pageHeaders);
    next();
  });
  app.use('/sfu-relay', express.static(clientFolder));
  app.use(express.static(pageFolder));

  // 5. The signalling: every WebSocket on /rtc is one client of the relay.
  const http = app.listen(port, host);
  await once(http, 'listening');
  useServer(relay, new WebSocketServer({ server: http, path: '/rtc' }));

  // 6. The shutdown: the relay sends its clients away, then the server ends.
  return async (options) => {
    await relay.close(options);
    http.close();
    http.closeAllConnections();
  };
});
