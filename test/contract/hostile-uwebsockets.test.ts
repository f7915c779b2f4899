import uWS from 'uWebSockets.js';
import { makeBehavior, type UwsWebSocket } from '../../src/uwebsockets.js';
import { hostileSockets } from './hostile-sockets.js';

hostileSockets('uWebSockets.js', async (relay, options) => {
  const behavior = makeBehavior(relay, options);
  const clients = new Set<UwsWebSocket>();
  const app = uWS.App().ws('/rtc', {
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
  const port = await new Promise<number>((resolve, reject) => {
    app.listen('127.0.0.1', 0, (socket) => {
      if (socket) resolve(uWS.us_socket_local_port(socket));
      else reject(new Error('uWebSockets.js can not listen'));
    });
  });
  return {
    port,
    buffered: () => Math.max(0, ...[...clients].map((ws) => ws.getBufferedAmount())),
    // Its types lag behind: it closes the listening socket and every connection.
    stop: async () => (app as unknown as { close(): void }).close(),
  };
});
