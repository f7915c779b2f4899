import uWS from 'uWebSockets.js';
import type { ConnectionOptions, SfuRelay } from '../../src/index.js';
import { makeBehavior } from '../../src/uwebsockets.js';
import { overWebSocket } from './client-socket.js';
import type { ContractServer } from './contract-stage.js';

/** A real uWebSockets.js app with the relay on /rtc. */
export async function serveUwebsockets(
  relay: SfuRelay,
  options: ConnectionOptions,
): Promise<ContractServer & { port: number }> {
  const app = uWS.App().ws('/rtc', makeBehavior(relay, options));
  const port = await new Promise<number>((resolve, reject) => {
    app.listen('127.0.0.1', 0, (socket) => {
      if (socket) resolve(uWS.us_socket_local_port(socket));
      else reject(new Error('uWebSockets.js can not listen'));
    });
  });
  return {
    port,
    connect: overWebSocket(`ws://127.0.0.1:${port}/rtc`),
    // Its types lag behind: it closes the listening socket and every connection.
    stop: async () => (app as unknown as { close(): void }).close(),
  };
}
