// A relay in front of a scripted SFU, with WebSockets and the REST API, in a process of its own: one that a test can end
// when it no longer answers. Prints "listening on <port>".
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { createRouter } from '../../src/http/express.js';
import { anonymous, SfuRelay } from '../../src/index.js';
import { startScriptedSfu } from '../../src/testing/index.js';
import { useServer } from '../../src/ws.js';
import { listen } from './listen.js';

const sfu = await startScriptedSfu();
const relay = new SfuRelay({ authenticate: anonymous(), sfu: { serverUrl: sfu.address } });
const router = createRouter(relay, { prefix: '/api/v1/sfu' });
const server = createServer((request, response) => {
  router(request, response, () => response.writeHead(404).end());
});
useServer(relay, new WebSocketServer({ server, path: '/rtc' }));
process.stdout.write(`listening on ${await listen(server)}\n`);
