// @ts-check
/**
 * The live room on uWebSockets.js: the page and the signalling in one server.
 *
 *   npm run build && node examples/uwebsockets/server.js
 *   SFU_URL=host:5551 node examples/uwebsockets/server.js     with a real Ion SFU
 */
import uWS from 'uWebSockets.js';
import { STATUS_CODES } from 'node:http';
import { makeBehavior } from 'sfu-relay/uwebsockets';
import { openFolders } from '../live-room/files.js';
import { clientFolder, pageFolder, pageHeaders } from '../live-room/page.js';
import { openRelay } from '../live-room/relay.js';
import { run } from '../live-room/run.js';

run('node examples/uwebsockets/server.js', async ({ port, host, serverUrl }) => {
  // 1. The relay: authentication, message kinds and rate limits.
  const relay = openRelay(serverUrl);

  // 2. The signalling: every WebSocket on /rtc is one client of the relay.
  const app = uWS.App();
  app.ws('/rtc', makeBehavior(relay));

  // 3. The health of the SFU. The REST API has no adapter for uWebSockets.js.
  const readHealth = async () => {
    // This is public, so leave out the SFU's address, which the report of `healthCheck()` has.
    const { ok } = await relay.healthCheck();
    return { status: ok ? 200 : 503, type: 'application/json', body: JSON.stringify({ ok }) };
  };
  app.get('/healthz', (response) => answer(response, readHealth()));

  // 4. The page and the browser library.
  const readFile = openFolders({ '/': pageFolder, '/sfu-relay/': clientFolder });
  app.get('/*', (response, request) => answer(response, readFile(request.getUrl())));

  // 5. Listen. Without the option, two processes could share the port.
  const listening = await new Promise((resolve) => {
    // @ts-expect-error The types know neither the option nor its place.
    app.listen(host, port, uWS.LIBUS_LISTEN_EXCLUSIVE_PORT, resolve);
  });
  if (!listening)
    throw new Error(`Can't listen on ${host}:${port}. If it is taken, choose another port: PORT=${port + 1}`);

  // 6. The shutdown: the relay sends its clients away, then the server ends.
  return async (options) => {
    await relay.close(options);
    uWS.us_listen_socket_close(listening);
  };
});

/**
 * Sends the result of the promise, unless the client has disconnected.
 * @param {import('uWebSockets.js').HttpResponse} response
 * @param {Promise<{ status: number, type: string, body: string | Buffer }>} promise never rejects
 */
async function answer(response, promise) {
  let gone = false;
  response.onAborted(() => {
    gone = true;
  });
  const { status, type, body } = await promise;
  if (gone) return;
  response.cork(() => {
    response.writeStatus(`${status} ${STATUS_CODES[status]}`);
    for (const [name, value] of pageHeaders) response.writeHeader(name, value);
    response.writeHeader('content-type', type);
    response.end(body);
  });
}
