import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { useServer } from '../../src/adapters/ws.js';
import type { ConnectionOptions, SfuRelay } from '../../src/index.js';
import { overWebSocket } from './client-socket.js';
import type { ContractServer } from './contract-stage.js';

/** ws beside whatever answers the server's requests. */
export function wsBeside(makeListener: () => RequestListener) {
  return async (relay: SfuRelay, options: ConnectionOptions): Promise<ContractServer & { port: number }> => {
    const http = createServer(makeListener());
    const wss = new WebSocketServer({ server: http, path: '/rtc' });
    useServer(relay, wss, options);
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const { port } = http.address() as AddressInfo;
    return {
      port,
      connect: overWebSocket(`ws://127.0.0.1:${port}/rtc`),
      stop: async () => {
        for (const client of wss.clients) client.terminate();
        wss.close();
        http.closeAllConnections();
        await new Promise((resolve) => http.close(resolve));
      },
    };
  };
}
