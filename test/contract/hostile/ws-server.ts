import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { useServer } from '../../../src/ws.js';
import { closeServer, listen } from '../../support/listen.js';
import type { Serve } from './stage.js';

/** `ws` itself, whose clients' buffers can be seen. */
export const serveWs: Serve = async (relay, options) => {
  const http = createServer();
  const wss = new WebSocketServer({ server: http, path: '/rtc' });
  useServer(relay, wss, options);
  return {
    port: await listen(http),
    buffered: () => Math.max(0, ...[...wss.clients].map(({ bufferedAmount }) => bufferedAmount)),
    stop: async () => {
      for (const client of wss.clients) client.terminate();
      wss.close();
      await closeServer(http);
    },
  };
};
