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
  // 1. The relay, in front of the SFU: who may do what, which messages there are, how many of them.
  const relay = openRelay(serverUrl);

  // 2. The REST API. It reads the bodies itself; express.json() before it does no harm.
  const app = express();
  app.use('/api/v1/sfu', createRouter(relay));

  // 3. What happens, for Prometheus. A real server keeps it from the public: on a port of its own, or behind the proxy.
  collectMetrics(relay);
  app.get('/metrics', async (_request, response) => {
    response.type(register.contentType).send(await register.metrics());
  });

  // 4. The page, and the browser library that it loads.
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

  // 6. The end: the relay says goodbye to every client, before the process exits.
  return () => relay.close({ timeoutMs: 2000 });
});
