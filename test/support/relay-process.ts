// A relay in front of a scripted SFU, with WebSockets and the REST API, in a process of its own: one that a test can end
// when it no longer answers. Prints "listening on <port>". GET /memory says how many bytes of its heap are in use.
//   --rate-limits            the rate limiter of sfu-relay/limits, by its defaults
//   --slow-authentication    nobody is ever let in, nor refused
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { createRouter } from '../../src/adapters/express.js';
import { useServer } from '../../src/adapters/ws.js';
import { anonymous, SfuRelay } from '../../src/index.js';
import { rateLimits } from '../../src/plugins/rate-limits/index.js';
import { startScriptedSfu } from '../../src/testing/index.js';
import { collectGarbage } from './garbage.js';
import { listen } from './listen.js';

const never = () => new Promise<never>(() => {});
const has = (flag: string) => process.argv.includes(flag);

const sfu = await startScriptedSfu();
const relay = new SfuRelay({
  authenticate: has('--slow-authentication') ? never : anonymous(),
  sfu: { serverUrl: sfu.address },
  ...(has('--rate-limits') && { rateLimiter: rateLimits() }),
});
const router = createRouter(relay, { prefix: '/api/v1/sfu' });
const server = createServer((request, response) => {
  if (request.url === '/memory') {
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    response.end(String(heapUsed + external));
    return;
  }
  router(request, response, () => response.writeHead(404).end());
});
useServer(relay, new WebSocketServer({ server, path: '/rtc' }), { handshakeTimeoutMs: 60_000 });
process.stdout.write(`listening on ${await listen(server)}\n`);
