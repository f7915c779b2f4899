// A relay of the build, on ws: node --expose-gc relay.js <host:port of the SFU>. Prints {"port"}; at SIGUSR2 it collects
// garbage and prints {"heap"} in KiB. Clients' own addresses are kept from the SFU, so that it meets them through the
// proxies only.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { anonymous, SfuRelay } from '../../dist/index.js';
import { useServer } from '../../dist/ws.js';

const relay = new SfuRelay({
  authenticate: anonymous(),
  sfu: { serverUrl: process.argv[2] },
  candidates: { privateAddresses: 'drop' },
});
const server = createServer();
useServer(relay, new WebSocketServer({ server, path: '/rtc' }));
server.listen(0, '127.0.0.1', () => process.stdout.write(`${JSON.stringify(server.address())}\n`));

process.on('SIGUSR2', () => {
  for (let round = 0; round < 3; round += 1) globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  process.stdout.write(`${JSON.stringify({ heap: (heapUsed + external) / 1024 })}\n`);
});
