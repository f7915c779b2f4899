import { type AddressInfo, createServer, type Socket } from 'node:net';

/**
 * A TCP server that accepts connections and never sends anything, to test connect deadlines.
 * @category Testing
 */
export interface SilentServer {
  /** `host:port` */
  readonly address: string;
  readonly port: number;
  /** The number of open connections. */
  readonly connections: number;
  /** Destroys the connections and frees the port. */
  stop(): Promise<void>;
}

/**
 * Starts a {@link SilentServer} on a free port of 127.0.0.1.
 * @category Testing
 */
export function startSilentServer(): Promise<SilentServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.resume();
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      resolve({
        address: `127.0.0.1:${port}`,
        port,
        get connections() {
          return sockets.size;
        },
        stop,
      });
    });
  });
}
