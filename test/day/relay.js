// A relay of the build, on ws: node relay.js <host:port of the SFU>. Prints {"port"}. GET /connections says how many there
// are, GET /heap writes a snapshot, and says where. Clients' own addresses are kept from the SFU, so that it meets them through the proxies only.
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeHeapSnapshot } from 'node:v8';
import { WebSocketServer } from 'ws';
import { anonymous, SfuRelay } from '../../dist/index.js';
import { useServer } from '../../dist/ws.js';

const relay = new SfuRelay({
  authenticate: anonymous(),
  sfu: { serverUrl: process.argv[2] },
  candidates: { privateAddresses: 'drop' },
});
const server = createServer(({ url }, response) => {
  // Nothing of this is to be found in the next snapshot.
  response.setHeader('connection', 'close');
  if (url === '/heap') response.end(writeHeapSnapshot(join(tmpdir(), `relay-${process.pid}.heapsnapshot`)));
  else response.end(String(sockets.clients.size));
});
const sockets = new WebSocketServer({ server, path: '/rtc' });
useServer(relay, sockets);
server.listen(0, '127.0.0.1', () => process.stdout.write(`${JSON.stringify(server.address())}\n`));
