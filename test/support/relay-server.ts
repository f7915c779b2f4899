import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { useServer } from '../../src/adapters/ws.js';
import { anonymous, type ConnectionOptions, SfuRelay, type SfuRelayOptions } from '../../src/index.js';
import { closeServer, listen } from './listen.js';

/** A relay that serves WebSockets on a free port. */
export interface RelayServer {
  /** ws://127.0.0.1:port/rtc */
  readonly url: string;
  readonly relay: SfuRelay;
  /** Ends the relay and its server. */
  close(): Promise<void>;
}

/**
 * Starts a relay in front of an SFU; everybody may do everything unless `options` says otherwise.
 * @param sfu its address, or how to reach it
 */
export async function startRelay(
  sfu: string | SfuRelayOptions['sfu'],
  options: Partial<SfuRelayOptions> = {},
  connections: ConnectionOptions = {},
): Promise<RelayServer> {
  const relay = new SfuRelay({
    authenticate: anonymous(),
    ...options,
    sfu: typeof sfu === 'string' ? { serverUrl: sfu } : sfu,
  });
  const http = createServer((_, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({ server: http, path: '/rtc' });
  useServer(relay, sockets, connections);
  const port = await listen(http);
  return {
    url: `ws://127.0.0.1:${port}/rtc`,
    relay,
    async close() {
      await relay.close({ timeoutMs: 2_000 });
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      await closeServer(http);
    },
  };
}
