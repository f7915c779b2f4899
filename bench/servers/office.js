/** The relay with its default rate limits, or with a share of their points. */
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { started } from './started.js';

const [sfu, library, transport, port, share] = process.argv.slice(2);
const load = (entry) => import(pathToFileURL(join(library, `${entry}.js`)).href);
const { SfuRelay, RelayError } = await load('index');
const { rateLimits } = await load('limits');

const budget = (points, durationMs) => ({ points: Math.round(points * Number(share)), durationMs });
const relay = new SfuRelay({
  sfu: { serverUrl: sfu },
  authenticate: async ({ token }) => {
    if (!token?.startsWith('token-')) throw new RelayError('ERR_RELAY_UNAUTHENTICATED', 'Who are you?');
    return { userId: `user-${token.slice(6)}`, grants: { room: 'room-*', canPublish: true } };
  },
  rateLimiter:
    Number(share) === 1
      ? rateLimits()
      : rateLimits({ arrivals: budget(15_000, 1_000), address: budget(175_000, 5_000) }),
  logger: false,
});

const close = () => relay.close();

if (transport === 'uws') {
  const { default: uWS } = await import('uWebSockets.js');
  const { makeBehavior } = await load('uwebsockets');
  uWS
    .App()
    .ws('/rtc', makeBehavior(relay))
    .listen('127.0.0.1', Number(port), (socket) => started(uWS.us_socket_local_port(socket), close));
} else {
  const { WebSocketServer } = await import('ws');
  const { useServer } = await load('ws');
  const server = createServer();
  useServer(relay, new WebSocketServer({ server, path: '/rtc' }));
  server.listen(Number(port), '127.0.0.1', 4096, () => started(server.address().port, close));
}
