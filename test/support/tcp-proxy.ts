import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** By its end, what is late: it keeps its order when the delay changes. */
  readonly late: Map<Socket, Promise<unknown>>;
  /** What the client has sent so far, in capitals, bounded. */
  sent: string;
  isSilent: boolean;
}

/** Stands between a client and a TCP server, and breaks like a network. */
export class TcpProxy {
  /** ms by which everything is late, in both directions. */
  delayMs = 0;
  /** Whether new connections are reset. */
  refuses = false;
  /** Whether nothing passes, on no connection: neither side notices. */
  isSilent = false;
  /** Whether the server's answers are lost, while everything else passes. */
  losesReplies = false;
  readonly #listener: Server;
  readonly #pairs = new Set<Pair>();

  private constructor(target: number) {
    this.#listener = createServer((client) => {
      client.on('error', () => {});
      if (this.refuses) client.resetAndDestroy();
      else this.#open(client, connect(target, '127.0.0.1'));
    });
  }

  /** @param target a port of 127.0.0.1 */
  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#listener.listen(0, '127.0.0.1');
    await once(proxy.#listener, 'listening');
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#listener.address() as AddressInfo).port}`;
  }

  /** Resets connections, by default all; those on which the client has sent `word`. */
  cut(word = ''): number {
    const pairs = this.#having(word);
    for (const pair of pairs) this.#end(pair);
    return pairs.length;
  }

  /** Nothing passes any more on the connections on which the client has sent `word`. */
  silence(word: string): number {
    const pairs = this.#having(word);
    for (const pair of pairs) pair.isSilent = true;
    return pairs.length;
  }

  /** What the server sends on the connections on which the client has sent `word` is not read, until `resume`. */
  pause(word: string): number {
    const pairs = this.#having(word);
    for (const { server } of pairs) server.pause();
    return pairs.length;
  }

  resume(): void {
    for (const { server } of this.#pairs) server.resume();
  }

  async stop(): Promise<void> {
    for (const pair of this.#pairs) this.#end(pair);
    this.#listener.close();
    await once(this.#listener, 'close');
  }

  #having(word: string): Pair[] {
    return [...this.#pairs].filter(({ sent }) => sent.includes(word.toUpperCase()));
  }

  #open(client: Socket, server: Socket): void {
    const pair: Pair = { client, server, late: new Map(), sent: '', isSilent: false };
    this.#pairs.add(pair);
    for (const socket of [client, server])
      socket
        .setNoDelay()
        .on('error', () => {})
        .on('close', () => this.#end(pair));
    client.on('data', (data) => {
      pair.sent = (pair.sent + data.toString('latin1').toUpperCase()).slice(-4_096);
      this.#pass(pair, server, data);
    });
    server.on('data', (data) => {
      if (!this.losesReplies) this.#pass(pair, client, data);
    });
  }

  #pass(pair: Pair, to: Socket, data: Buffer): void {
    if (this.isSilent || pair.isSilent) return;
    const before = pair.late.get(to);
    if (this.delayMs === 0 && !before) {
      to.write(data);
      return;
    }
    const passed = Promise.all([before, sleep(this.delayMs)]).then(() => {
      if (pair.late.get(to) === passed) pair.late.delete(to);
      to.write(data);
    });
    pair.late.set(to, passed);
  }

  #end(pair: Pair): void {
    this.#pairs.delete(pair);
    pair.client.destroy();
    pair.server.destroy();
  }
}
