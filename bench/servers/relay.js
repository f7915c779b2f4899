/** The whole relay, on ws or uWebSockets.js: clients are authenticated, checked, limited and counted, and hooks run. */
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { started } from './started.js';

const [sfu, library, transport, format = 'esm'] = process.argv.slice(2);
const load =
  format === 'cjs'
    ? (entry) => createRequire(import.meta.url)(join(library, `${entry}.cjs`))
    : (entry) => import(pathToFileURL(join(library, `${entry}.js`)).href);
const { SfuRelay, RelayError } = await load('index');
const { rateLimits } = await load('limits');
const { collectMetrics } = await load('metrics');

const counts = { joins: 0, signals: 0, messages: 0, leaves: 0 };
/** More than any one sends here: what is to be paid for is the counting. */
const budget = { points: 1e9, durationMs: 1_000 };
const relay = new SfuRelay({
  sfu: { serverUrl: sfu },
  authenticate: async ({ token }) => {
    if (!token?.startsWith('token-')) throw new RelayError('ERR_RELAY_UNAUTHENTICATED', 'Who are you?');
    return { userId: `user-${token.slice(6)}`, grants: { room: 'room-*', canPublish: true } };
  },
  rateLimiter: rateLimits({ connection: budget, address: budget }),
  hooks: {
    onJoin: () => {
      counts.joins += 1;
    },
    onSignal: () => {
      counts.signals += 1;
    },
    onMessage: () => {
      counts.messages += 1;
    },
    onLeave: () => {
      counts.leaves += 1;
    },
  },
});
collectMetrics(relay);
const close = () => relay.close();

if (transport === 'uws') {
  const { default: uWS } = await import('uWebSockets.js');
  const { makeBehavior } = await load('uwebsockets');
  uWS
    .App()
    .ws('/rtc', makeBehavior(relay))
    .listen('127.0.0.1', 0, (socket) => started(uWS.us_socket_local_port(socket), close));
} else {
  const { WebSocketServer } = await import('ws');
  const { useServer } = await load('ws');
  const server = createServer();
  useServer(relay, new WebSocketServer({ server, path: '/rtc' }));
  server.listen(0, '127.0.0.1', 4096, () => started(server.address().port, close));
}
