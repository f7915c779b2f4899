import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands between clients and a server on 127.0.0.1, as the network does, and breaks like one. */
export interface TcpProxy {
  readonly port: number;
  /** Resets every connection: both sides notice at once. */
  cutAll(): void;
  /** Resets the client's half of every connection: the client notices, the server's half stays open and hears nothing. */
  strandAll(): void;
  /**
   * From now on nothing that is sent on the connections arrives, in either direction, not even that the other side has
   * closed: as after a change of networks. New connections work.
   */
  halfOpenAll(): void;
  close(): Promise<void>;
}

interface Pair {
  client: Socket;
  server: Socket;
  swallows: boolean;
}

/** @param serverPort where the connections are passed on to */
export async function startTcpProxy(serverPort: number): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  const proxy = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const server = connect({ port: serverPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const pair: Pair = { client, server, swallows: false };
    pairs.add(pair);
    passOn(pair, client, server);
    passOn(pair, server, client);
  });
  /** What one side does, the other one notices; while the pair swallows, it does not. */
  function passOn(pair: Pair, from: Socket, to: Socket): void {
    from.on('data', (bytes) => {
      if (!pair.swallows) to.write(bytes);
    });
    from.on('end', () => {
      if (!pair.swallows) to.end();
    });
    from.on('error', () => {});
    from.on('close', () => {
      if (!pair.swallows) to.destroy();
      if (pair.client.destroyed && pair.server.destroyed) pairs.delete(pair);
    });
  }

  function cut({ client, server }: Pair): void {
    client.resetAndDestroy();
    server.resetAndDestroy();
  }

  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    port: (proxy.address() as AddressInfo).port,
    cutAll: () => pairs.forEach(cut),
    strandAll: () => {
      for (const pair of pairs) {
        pair.swallows = true;
        pair.client.resetAndDestroy();
      }
    },
    halfOpenAll: () => {
      for (const pair of pairs) pair.swallows = true;
    },
    async close() {
      const closed = once(proxy, 'close');
      proxy.close();
      pairs.forEach(cut);
      await closed;
    },
  };
}
