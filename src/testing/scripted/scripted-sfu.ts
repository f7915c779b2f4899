import { Server, ServerCredentials, type ServerOptions, status } from '@grpc/grpc-js';
import { Reply, type Request } from '../../sfu/ion/gen/rtc.js';
import { checkOptions, integer, type Keys } from '../../util/check-options.js';
import { checkScript, ionScript, type Script } from './ion-script.js';
import { RTC_SERVICE } from './rtc-service.js';
import { remember, ScriptedStream, type SignalCall } from './scripted-stream.js';

/**
 * Options of {@link startScriptedSfu}.
 * @category Testing
 */
export interface ScriptedSfuOptions {
  /** @default '127.0.0.1' */
  host?: string;
  /** 0 to 65535. @default 0: any free port */
  port?: number;
  /** The differences from Ion's behaviour. They can be changed later: {@link ScriptedSfu.script}. */
  script?: Partial<Script>;
  /** Certificates and key in PEM. With `ca`, clients need a certificate signed by it. */
  tls?: { key: string; cert: string; ca?: string };
  /**
   * The number of requests that the server and each stream record; 0 in a benchmark.
   * @default 1000
   */
  keepLast?: number;
  /**
   * Whether each trickle is sent back, to measure a round trip.
   * @default false
   */
  echoTrickles?: boolean;
  /**
   * Whether the tracks of a join's offer are announced as by Ion: to every other stream of the server, in every room.
   * @default false
   */
  broadcastTrackEvents?: boolean;
  /** Channel options of gRPC, e.g. `'grpc.max_concurrent_streams'`. */
  grpcOptions?: ServerOptions;
}

const KEYS: Keys<ScriptedSfuOptions> = {
  host: true,
  port: true,
  script: true,
  tls: true,
  keepLast: true,
  echoTrickles: true,
  broadcastTrackEvents: true,
  grpcOptions: true,
};
const TLS_KEYS: Keys<NonNullable<ScriptedSfuOptions['tls']>> = { key: true, cert: true, ca: true };
const WAIT_KEYS: Keys<{ timeoutMs?: number }> = { timeoutMs: true };

type Truthy<T> = Exclude<T, undefined | null | false | 0 | ''>;

/** The service `rtc.RTC`. A reply may also be bytes, which are sent unchanged. */
const SERVICE = {
  signal: {
    ...RTC_SERVICE.signal,
    responseSerialize: (reply: Reply | Uint8Array) =>
      Buffer.from(reply instanceof Uint8Array ? reply : Reply.encode(reply).finish()),
  },
};

/** With Node's default an HTTP/2 session ends, with all its streams, at about 12,000 streams. */
const UNLIMITED_SESSION: ServerOptions = { 'grpc-node.max_session_memory': Number.MAX_SAFE_INTEGER };

/**
 * An SFU without media: the service `rtc.RTC` on a real gRPC server, with scripted replies. By default it behaves like Ion v1.10.0
 * without delays; a message that crashes Ion stops it ({@link crashed}).
 *
 * ```ts
 * const sfu = await startScriptedSfu();
 * sfu.script.onJoin = (stream) => stream.fail(status.RESOURCE_EXHAUSTED, 'full');
 * const stream = await sfu.waitFor(() => sfu.stream('alice'));
 * await sfu.stop();
 * ```
 * @category Testing
 */
export class ScriptedSfu {
  /** The current script; assign to its members to change it. */
  readonly script: Script;
  /** Ion's behaviour, for scripts that delay or extend it. */
  readonly ion: Script;
  /** The open streams. */
  readonly streams: ReadonlySet<ScriptedStream>;
  /** The last `keepLast` requests of all streams. */
  readonly received: { stream: ScriptedStream; request: Request }[] = [];
  /** The number of streams that were opened. */
  totalStreams = 0;
  /** Why Ion would have crashed; undefined if it would not. */
  crashed: string | undefined;

  readonly #options: ScriptedSfuOptions;
  readonly #keepLast: number;
  readonly #streams = new Set<ScriptedStream>();
  readonly #waiters = new Set<() => void>();
  readonly #host: string;
  #port: number;
  #server: Server | undefined;

  /** @internal */
  constructor(options: ScriptedSfuOptions) {
    this.#options = options;
    this.#keepLast = options.keepLast ?? 1000;
    this.#host = options.host ?? '127.0.0.1';
    this.#port = options.port ?? 0;
    this.streams = this.#streams;
    this.ion = ionScript({
      streams: this.#streams,
      echoTrickles: options.echoTrickles ?? false,
      broadcastTrackEvents: options.broadcastTrackEvents ?? false,
      crash: (reason) => this.#crash(reason),
    });
    this.script = { ...this.ion, ...options.script };
  }

  get port(): number {
    return this.#port;
  }

  /** `host:port` */
  get address(): string {
    return `${this.#host}:${this.#port}`;
  }

  /** The open stream of the peer `uid`. */
  stream(uid: string): ScriptedStream | undefined {
    for (const stream of this.#streams) if (stream.uid === uid) return stream;
    return undefined;
  }

  /**
   * Resolves with the result of `condition` as soon as that is truthy. It is called immediately, after every request, and whenever a
   * stream opens, half-closes or ends.
   * @param options - `timeoutMs`: rejects after this time, 5,000 by default
   */
  waitFor<T>(condition: (sfu: ScriptedSfu) => T, options: { timeoutMs?: number } = {}): Promise<Truthy<T>> {
    return new Promise((resolve, reject) => {
      checkOptions(
        { name: 'waitFor()', example: 'sfu.waitFor(condition, { timeoutMs: 5000 })' },
        options,
        WAIT_KEYS,
      );
      const { timeoutMs = 5_000 } = options;
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        this.#waiters.delete(check);
        finish();
      };
      const check = () => {
        try {
          const value = condition(this);
          if (value) settle(() => resolve(value as Truthy<T>));
        } catch (error) {
          settle(() => reject(error));
        }
      };
      const timer = setTimeout(() => {
        settle(() => reject(new Error(`waitFor: not so within ${timeoutMs} ms. ${this.#summary()}`)));
      }, timeoutMs);
      this.#waiters.add(check);
      check();
    });
  }

  /** Closes all connections and frees the port. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.tryShutdown(() => resolve());
      server.forceShutdown();
    });
  }

  /** Stops and starts again on the same port, without the earlier peers. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** @internal */
  async start(): Promise<void> {
    const server = new Server({ ...UNLIMITED_SESSION, ...this.#options.grpcOptions });
    server.addService(SERVICE, { signal: (call: SignalCall) => this.#open(call) });
    this.#port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(this.address, credentials(this.#options.tls), (error, port) => {
        if (error) reject(error);
        else resolve(port);
      });
    });
    this.#server = server;
    this.crashed = undefined;
  }

  #open(call: SignalCall): void {
    const stream = new ScriptedStream(++this.totalStreams, call, {
      keepLast: this.#keepLast,
      onRequest: (from, request) => {
        remember(this.received, { stream: from, request }, this.#keepLast);
        this.#perform(from, () => this.#dispatch(from, request));
      },
      onHalfClose: (from) => this.#perform(from, () => this.script.onHalfClose(from)),
      onOver: (over) => {
        this.#streams.delete(over);
        this.#changed();
      },
    });
    this.#streams.add(stream);
    this.#changed();
  }

  #dispatch(stream: ScriptedStream, { payload }: Request): void | Promise<void> {
    switch (payload?.$case) {
      case 'join':
        return this.script.onJoin(stream, payload.value);
      case 'description':
        return this.script.onDescription(stream, payload.value);
      case 'trickle':
        return this.script.onTrickle(stream, payload.value);
      case 'subscription':
        return this.script.onSubscription(stream, payload.value);
    }
  }

  #perform(stream: ScriptedStream, act: () => void | Promise<void>): void {
    const fail = (error: unknown) => stream.fail(status.INTERNAL, `script: ${String(error)}`);
    try {
      act()?.catch(fail);
    } catch (error) {
      fail(error);
    }
    this.#changed();
  }

  #crash(reason: string): void {
    this.crashed = reason;
    void this.stop();
  }

  #changed(): void {
    for (const check of this.#waiters) check();
  }

  #summary(): string {
    const kinds = this.received.map(({ stream, request }) => `${stream.id}:${request.payload?.$case}`);
    const crash = this.crashed === undefined ? '' : ` Crashed: ${this.crashed}.`;
    return `Open streams: ${this.#streams.size} of ${this.totalStreams}.${crash} Received: ${kinds.slice(-20).join(' ') || 'nothing'}.`;
  }
}

function credentials(tls: ScriptedSfuOptions['tls']): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const pair = { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.cert) };
  const ca = tls.ca === undefined ? null : Buffer.from(tls.ca);
  return ServerCredentials.createSsl(ca, [pair], ca !== null);
}

const MAX_PORT = 65_535;

/**
 * Starts a {@link ScriptedSfu}. Rejects if the port is in use.
 * @throws RelayError `ERR_RELAY_CONFIG`
 * @category Testing
 */
export async function startScriptedSfu(options: ScriptedSfuOptions = {}): Promise<ScriptedSfu> {
  const example = 'startScriptedSfu({ script: { onJoin(stream, join) {} } })';
  checkOptions({ name: 'startScriptedSfu()', example }, options, KEYS);
  integer(options, 'port', 0, 0, MAX_PORT);
  if (options.script !== undefined) checkScript(options.script);
  if (options.tls !== undefined)
    checkOptions({ name: '"tls"', example: 'tls: { key, cert }' }, options.tls, TLS_KEYS);
  const sfu = new ScriptedSfu(options);
  await sfu.start();
  return sfu;
}
