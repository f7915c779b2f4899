import { connect, type Socket } from 'node:net';
import type { CutPoint, ProxyDirection } from './cut-point.js';
import { OneWay } from './one-way.js';

/** The proxy that a connection goes through. */
interface Owner {
  /** Where the server listens. */
  readonly server: { host: string; port: number };
  readonly delayMs: number;
  framePassed(direction: ProxyDirection): void;
  /** A connection has come to this cut, and is cut. */
  hasCut(point: CutPoint): void;
  /** Both sides have closed. */
  closed(connection: ProxiedConnection): void;
}

/** A client's connection, and the one that the proxy has opened to the server for it. */
export class ProxiedConnection {
  readonly #owner: Owner;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #ways: Record<ProxyDirection, OneWay>;

  constructor(client: Socket, owner: Owner) {
    this.#owner = owner;
    this.#client = client;
    this.#server = connect({ ...owner.server, allowHalfOpen: true, noDelay: true });
    this.#ways = {
      toServer: new OneWay('toServer', client, this.#server, this),
      toClient: new OneWay('toClient', this.#server, client, this),
    };
    for (const socket of [client, this.#server]) {
      socket.on('error', () => {});
      socket.on('close', () => {
        if (client.destroyed && this.#server.destroyed) owner.closed(this);
      });
    }
  }

  get delayMs(): number {
    return this.#owner.delayMs;
  }

  cutAfter(point: CutPoint): void {
    this.#ways[point.direction].cutAfter(point);
  }

  forget(point: CutPoint): void {
    this.#ways[point.direction].forget(point);
  }

  framePassed(direction: ProxyDirection): void {
    this.#owner.framePassed(direction);
  }

  /** The receiver gets all that has passed, and then the end; the sender gets a reset. */
  cutReached(point: CutPoint): void {
    this.halfOpen();
    const [sender, receiver] =
      point.direction === 'toServer' ? [this.#client, this.#server] : [this.#server, this.#client];
    sender.resetAndDestroy();
    // A reset could overtake what the receiver has not read yet, and so could one that answers what it sends.
    receiver.end();
    receiver.once('end', () => receiver.destroy());
    this.#owner.hasCut(point);
  }

  /** Resets one side, or both. A side that is not reset does not notice. */
  cut(noticedBy?: 'client' | 'server'): void {
    this.halfOpen();
    if (noticedBy !== 'server') this.#client.resetAndDestroy();
    if (noticedBy !== 'client') this.#server.resetAndDestroy();
  }

  halfOpen(): void {
    this.#ways.toServer.die();
    this.#ways.toClient.die();
  }
}
