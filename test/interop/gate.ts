import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A place between the relay and a server: counts the connections, freezes them, cuts them. */
export class Gate {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** All that there have been. */
  connections = 0;

  static async before(address: string): Promise<Gate> {
    const [, host = '', port] = /^(.*):(\d+)$/.exec(address) ?? [];
    const gate = new Gate(() => connect(Number(port), host));
    gate.#server.listen(0, '127.0.0.1');
    await once(gate.#server, 'listening');
    return gate;
  }

  private constructor(open: () => Socket) {
    this.#server = createServer((inner) => {
      this.connections += 1;
      const outer = open();
      const pair = [inner, outer] as const;
      for (const [socket, other] of [pair, [outer, inner] as const]) {
        this.#sockets.add(socket);
        socket.setNoDelay();
        socket.on('error', () => other.destroy());
        socket.on('close', () => {
          this.#sockets.delete(socket);
          other.end();
        });
        socket.pipe(other);
      }
    });
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Half-open: nobody hears of it, and nothing goes through any more. */
  freeze(): void {
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
