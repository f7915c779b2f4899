import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  checkOptions,
  checkWord,
  integer,
  type Keys,
  kindOf,
  misconfigured,
  quote,
} from '../../util/check-options.js';
import { type CutPoint, checkCutPoint, type ProxyDirection } from './cut-point.js';
import { ProxiedConnection } from './proxied-connection.js';

const CUT_KEYS: Keys<NonNullable<Parameters<FaultyProxy['cut']>[0]>> = { noticedBy: true };
const REFUSE_KEYS: Keys<NonNullable<Parameters<FaultyProxy['refuse']>[0]>> = { silently: true };
const EXAMPLE = 'startFaultyProxy("ws://127.0.0.1:8080/rtc")';
const MAX_DELAY_MS = 3_600_000;
const HTTP_PORT = 80;

/** The end of a {@link CutPoint}'s waiting. */
interface Waiting {
  resolve(): void;
  reject(reason: Error): void;
}

/**
 * Stands between WebSocket clients and their server as the network does, and breaks like one: it cuts connections, also exactly
 * after a frame or inside one, or passes nothing any more while neither side notices.
 *
 * ```ts
 * const proxy = await startFaultyProxy('ws://127.0.0.1:8080/rtc');
 * const client = connect(proxy.url());
 * await proxy.cutAfter({ direction: 'toClient', frames: 2, bytes: 10 });
 * proxy.refuse();
 * proxy.accept();
 * await proxy.stop();
 * ```
 * @category Testing
 */
export class FaultyProxy {
  /** The frames that have passed on all connections, without pings, pongs and close frames. */
  readonly frames: Readonly<Record<ProxyDirection, number>>;
  readonly #frames = { toServer: 0, toClient: 0 };
  readonly #target: URL;
  readonly #listener: Server;
  readonly #connections = new Set<ProxiedConnection>();
  /** Clients whose connection is refused silently. */
  readonly #unanswered = new Set<Socket>();
  readonly #cuts = new Map<CutPoint, Waiting>();
  #refuses: 'no' | 'by reset' | 'silently' = 'no';
  #delayMs = 0;

  /** @internal */
  constructor(target: URL) {
    this.#target = target;
    this.frames = this.#frames;
    this.#listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#open(client));
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo | null)?.port ?? 0;
  }

  /** The number of clients' open connections, including those on which nothing passes. */
  get connections(): number {
    return this.#connections.size + this.#unanswered.size;
  }

  /** The server's URL, with the address of the proxy. @param path default: that of the server's URL, with its query */
  url(path = this.#target.pathname + this.#target.search): string {
    return new URL(path, `${this.#target.protocol}//127.0.0.1:${this.port}`).href;
  }

  /**
   * Resets all connections. New ones pass.
   * @param options - `noticedBy`: reset only the client's or only the server's half; the other side does not notice
   */
  cut(options: { noticedBy?: 'client' | 'server' } = {}): void {
    checkOptions({ name: 'cut()', example: 'cut({ noticedBy: "client" })' }, options, CUT_KEYS);
    if (options.noticedBy !== undefined) checkWord('noticedBy', options.noticedBy, ['client', 'server']);
    for (const connection of [...this.#connections]) connection.cut(options.noticedBy);
  }

  /**
   * Cuts one connection exactly there: the receiver gets everything before, then the end of the connection without a close frame; the
   * sender gets a reset. An open connection counts from now on, a later one from its beginning; the first one that gets there is cut,
   * and the others stay.
   * @returns resolves when a connection has been cut; rejects if {@link heal} or {@link stop} is called before
   * @throws RelayError `ERR_RELAY_CONFIG`
   */
  cutAfter(point: CutPoint): Promise<void> {
    checkCutPoint(point);
    const own = { ...point };
    const isCut = new Promise<void>((resolve, reject) => this.#cuts.set(own, { resolve, reject }));
    // Not everybody waits for it.
    isCut.catch(() => {});
    for (const connection of [...this.#connections]) if (this.#cuts.has(own)) connection.cutAfter(own);
    return isCut;
  }

  /**
   * Nothing passes on the connections any more, in either direction, not even that a side has closed them: as after a change of
   * networks. New connections pass.
   */
  halfOpen(): void {
    for (const connection of this.#connections) connection.halfOpen();
  }

  /** Everything that is sent from now on arrives so many ms later, in both directions. */
  delay(ms: number): void {
    this.#delayMs = integer({ delayMs: ms }, 'delayMs', Number.NaN, 0, MAX_DELAY_MS);
  }

  /**
   * Refuses new connections: there is no network. Open ones stay.
   * @param options - `silently`: new connections get no answer, instead of a reset
   */
  refuse(options: { silently?: boolean } = {}): void {
    checkOptions({ name: 'refuse()', example: 'refuse({ silently: true })' }, options, REFUSE_KEYS);
    this.#refuses = options.silently ? 'silently' : 'by reset';
  }

  /** Accepts new connections again. Those that were refused silently are reset. */
  accept(): void {
    this.#refuses = 'no';
    for (const client of this.#unanswered) client.resetAndDestroy();
  }

  /** Ends the delay, accepts new connections, and forgets cuts that are still to come. Broken connections stay broken. */
  heal(): void {
    this.#delayMs = 0;
    this.accept();
    this.#forgetCuts('The proxy was healed before a connection got to this point.');
  }

  /** Resets all connections and frees the port. */
  async stop(): Promise<void> {
    this.#forgetCuts('The proxy was stopped before a connection got to this point.');
    this.heal();
    const { listening } = this.#listener;
    if (listening) this.#listener.close();
    this.cut();
    if (listening) await once(this.#listener, 'close');
  }

  /** @internal */
  async start(): Promise<void> {
    this.#listener.listen(0, '127.0.0.1');
    await once(this.#listener, 'listening');
  }

  #open(client: Socket): void {
    client.on('error', () => {});
    if (this.#refuses === 'by reset') client.resetAndDestroy();
    else if (this.#refuses === 'silently') {
      this.#unanswered.add(client);
      client.on('close', () => this.#unanswered.delete(client));
      client.resume();
    } else {
      const connection = this.#proxy(client);
      this.#connections.add(connection);
      for (const point of this.#cuts.keys()) connection.cutAfter(point);
    }
  }

  #proxy(client: Socket): ProxiedConnection {
    const { hostname, port } = this.#target;
    const proxy = this;
    return new ProxiedConnection(client, {
      server: { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || HTTP_PORT },
      get delayMs() {
        return proxy.#delayMs;
      },
      framePassed: (direction) => {
        this.#frames[direction] += 1;
      },
      hasCut: (point) => this.#hasCut(point),
      closed: (connection) => this.#connections.delete(connection),
    });
  }

  #hasCut(point: CutPoint): void {
    this.#forget(point)?.resolve();
  }

  #forgetCuts(reason: string): void {
    for (const point of [...this.#cuts.keys()]) this.#forget(point)?.reject(new Error(reason));
  }

  #forget(point: CutPoint): Waiting | undefined {
    const waiting = this.#cuts.get(point);
    this.#cuts.delete(point);
    for (const connection of this.#connections) connection.forget(point);
    return waiting;
  }
}

/**
 * Starts a {@link FaultyProxy} on a free port of 127.0.0.1.
 * @param target - the server's URL: `ws://127.0.0.1:8080/rtc`, or `http://…`. Frames of `wss://` can't be seen.
 * @throws RelayError `ERR_RELAY_CONFIG`
 * @category Testing
 */
export async function startFaultyProxy(target: string | URL): Promise<FaultyProxy> {
  const proxy = new FaultyProxy(checkTarget(target));
  await proxy.start();
  return proxy;
}

function checkTarget(target: unknown): URL {
  const text = target instanceof URL ? target.href : target;
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'wss:' || url?.protocol === 'https:')
    throw misconfigured(
      `startFaultyProxy() can't see the frames of ${url.protocol}//: let the server of the test listen without TLS, and write ${EXAMPLE}.`,
    );
  if ((url?.protocol !== 'ws:' && url?.protocol !== 'http:') || url.hostname === '') {
    const received = typeof text === 'string' ? quote(text) : kindOf(text);
    throw misconfigured(`startFaultyProxy() needs the URL of the server, not ${received}: write ${EXAMPLE}.`);
  }
  return url;
}
