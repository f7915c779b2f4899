/** ws in front, grpc-js behind, and nothing in between. */
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { started } from '../servers/started.js';
import { closeAll, forward, makeClient } from './forward.js';

const [sfu, rtc] = process.argv.slice(2);
const client = makeClient(await import(rtc), sfu);
const server = createServer();
const sockets = new WebSocketServer({ server, path: '/rtc', handleProtocols: () => 'sfu-relay.v1' });
sockets.on('connection', (ws) => {
  const { receive, closed } = forward(client, (text) => ws.send(text));
  ws.on('message', (data) => receive(data.toString()));
  ws.on('close', closed);
  ws.on('error', () => {});
});
const close = closeAll(sockets.clients, (ws) => ws.close(1001));
server.listen(0, '127.0.0.1', 4096, () => started(server.address().port, close));
