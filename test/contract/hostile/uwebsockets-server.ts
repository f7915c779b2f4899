import { makeBehavior, type UwsWebSocket } from '../../../src/adapters/uwebsockets.js';
import { listenUwebsockets } from '../uwebsockets-server.js';
import type { Serve } from './stage.js';

/** uWebSockets.js, whose clients' buffers can be seen. */
export const serveUwebsockets: Serve = async (relay, options) => {
  const behavior = makeBehavior(relay, options);
  const clients = new Set<UwsWebSocket>();
  const server = await listenUwebsockets({
    ...behavior,
    open(ws: UwsWebSocket) {
      clients.add(ws);
      behavior.open(ws);
    },
    close(ws: UwsWebSocket) {
      clients.delete(ws);
      behavior.close(ws);
    },
  });
  const buffered = () => Math.max(0, ...[...clients].map((ws) => ws.getBufferedAmount()));
  return { ...server, buffered };
};
