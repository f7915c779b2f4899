// @ts-check
/**
 * The moderated live room: a word filter, and a service that checks each chat message.
 *
 *   npm run build && node examples/moderation/server.js
 *   MODERATION_URL=http://127.0.0.1:8090/ node examples/moderation/server.js     with examples/moderation/service.js
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { anonymous, chat, gift, like, SfuRelay } from 'sfu-relay';
import { useServer } from 'sfu-relay/ws';
import { WebSocketServer } from 'ws';
import { serveFolders } from '../live-room/files.js';
import { clientFolder, pageFolder } from '../live-room/page.js';
import { run } from '../live-room/run.js';
import { askService } from './ask-service.js';
import { wordFilter } from './word-filter.js';

run('node examples/moderation/server.js', async ({ port, host, serverUrl }) => {
  const { MODERATION_URL, MODERATION_FAILURE = 'refuse', WORDS = 'darn,heck' } = process.env;
  const filter = wordFilter(WORDS.split(','), { mode: 'star' });
  const ask = MODERATION_URL ? askService(MODERATION_URL, { timeoutMs: 500 }) : undefined;

  const relay = new SfuRelay({
    sfu: { serverUrl },
    authenticate: anonymous(),
    messages: { chat: chat(), gift: gift(), like: like() },
    hooks: {
      // The filter runs first because it is cheap. The service receives its result.
      async onMessage(message) {
        const filtered = filter(message);
        return (await ask?.(message, filtered)) ?? filtered;
      },
    },
    // When the service is down, 'refuse' blocks chat, and 'pass' leaves it unmoderated.
    hookFailure: { onMessage: MODERATION_FAILURE === 'pass' ? 'pass' : 'refuse' },
  });

  const pages = serveFolders({ '/': pageFolder, '/sfu-relay/': clientFolder });
  const http = createServer(async (request, response) => {
    if (request.url !== '/healthz') return pages(request, response);
    const { ok } = await relay.healthCheck();
    response.writeHead(ok ? 200 : 503).end();
  });
  await once(http.listen(port, host), 'listening');
  useServer(relay, new WebSocketServer({ server: http, path: '/rtc' }));
  return async (options) => {
    await relay.close(options);
    http.close();
    http.closeAllConnections();
  };
});
