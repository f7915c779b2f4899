import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { useServer } from '../../../src/adapters/ws.js';
import { closeServer, listen } from '../../support/listen.js';
import type { Serve } from './stage.js';

/** `ws` itself, whose clients' buffers can be seen. */
export const serveWs: Serve = (relay, options) => serve(relay, options, {});

/** `ws` as it was before 8.23.0: it keeps any number of pongs that a client does not read. */
export const serveWsWithoutPongLimit: Serve = (relay, options) =>
  serve(relay, options, { maxPendingAutoPongs: 0 });

async function serve(
  relay: Parameters<Serve>[0],
  options: Parameters<Serve>[1],
  serverOptions: object,
): ReturnType<Serve> {
  const http = createServer();
  const wss = new WebSocketServer({ server: http, path: '/rtc', ...serverOptions });
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
}
