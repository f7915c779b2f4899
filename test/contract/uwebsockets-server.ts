import uWS from 'uWebSockets.js';
import { makeBehavior, type UwsBehavior } from '../../src/adapters/uwebsockets.js';
import type { ConnectionOptions, SfuRelay } from '../../src/index.js';
import { overWebSocket } from './client-socket.js';
import type { ContractServer } from './contract-stage.js';

/** A real uWebSockets.js app with the relay on /rtc. */
export async function serveUwebsockets(
  relay: SfuRelay,
  options: ConnectionOptions,
): Promise<ContractServer & { port: number }> {
  const { port, stop } = await listenUwebsockets(makeBehavior(relay, options));
  return { port, connect: overWebSocket(`ws://127.0.0.1:${port}/rtc`), stop };
}

/** What the relay does with sockets, or something around it, on /rtc. */
export async function listenUwebsockets(
  behavior: UwsBehavior,
): Promise<{ port: number; stop(): Promise<void> }> {
  const app = uWS.App().ws('/rtc', behavior);
  const port = await new Promise<number>((resolve, reject) => {
    app.listen('127.0.0.1', 0, (socket) => {
      if (socket) resolve(uWS.us_socket_local_port(socket));
      else reject(new Error('uWebSockets.js can not listen'));
    });
  });
  // Its types lag behind: it closes the listening socket and every connection.
  return { port, stop: async () => (app as unknown as { close(): void }).close() };
}
