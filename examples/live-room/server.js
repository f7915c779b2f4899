// @ts-check
/**
 * Live room: a page, a relay and an SFU in one process.
 *
 *   npm start                        with the dev SFU, nothing else to install
 *   SFU_URL=host:5551 npm start      with a real Ion SFU
 *   HOST=0.0.0.0 npm start           also for a phone in the same network
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { anonymous, SfuRelay } from 'sfu-relay';
import { startDevSfu } from 'sfu-relay/testing';
import { useServer } from 'sfu-relay/ws';
import { WebSocketServer } from 'ws';
import { explain, readConfig } from './config.js';
import { serveFiles } from './files.js';

main().catch((error) => {
  console.error(explain(error));
  process.exit(1);
});

async function main() {
  const config = readConfig(process.env);
  console.log('Starting the live room …');

  // 1. The SFU, which carries the media. The dev SFU lives in this process.
  const devSfu = config.sfuUrl ? undefined : await startDevSfu({ iceAddresses: config.iceAddresses });
  const serverUrl = config.sfuUrl ?? devSfu?.address ?? '';

  // 2. The relay. Here everybody may do everything; a real application says who may do what:
  //    authenticate: async ({ token }) => ({ userId: …, grants: { canPublish: false } })
  const relay = new SfuRelay({ sfu: { serverUrl }, authenticate: anonymous() });

  // 3. The page, and whether the SFU is reachable.
  const pages = serveFiles({
    '/': new URL('./public/', import.meta.url),
    '/sfu-relay/': new URL('.', import.meta.resolve('sfu-relay/client')), // the browser library, from the build
  });
  const http = createServer(async (request, response) => {
    if (request.url !== '/healthz') return pages(request, response);
    const health = await relay.healthCheck();
    response.writeHead(health.ok ? 200 : 503, {
      'content-type': 'application/json',
      'cache-control': 'no-store',
    });
    response.end(JSON.stringify(health));
  });
  await once(http.listen(config.port, config.host), 'listening');

  // 4. The signalling: every WebSocket on /rtc is one client of the relay.
  const sockets = new WebSocketServer({ server: http, path: '/rtc' });
  useServer(relay, sockets);

  console.log(`
  Live room    ${config.urls.join('\n               ')}
  SFU          ${devSfu ? `dev SFU in this process (${serverUrl})` : serverUrl}

  Open it in two tabs: go live in one, watch in the other. Ctrl+C ends it.
`);

  // 5. Saying goodbye to every client. A second Ctrl+C doesn't wait.
  let stopping = false;
  const stop = async () => {
    if (stopping) process.exit(1);
    stopping = true;
    console.log('Closing …');
    await relay.close({ timeoutMs: 2000 });
    await devSfu?.stop();
    sockets.close();
    http.close();
    http.closeAllConnections();
    process.exit(0);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}
