import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { useServer } from '../../src/ws.js';
import { transportContract } from './transport-contract.js';

transportContract('ws', async (relay, options) => {
  const http = createServer();
  const wss = new WebSocketServer({ server: http, path: '/rtc' });
  useServer(relay, wss, options);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/rtc`,
    stop: async () => {
      for (const client of wss.clients) client.terminate();
      wss.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
});
