import { Server, ServerCredentials, type ServerOptions, status } from '@grpc/grpc-js';
import { Reply, type Request } from '../../sfu/ion/gen/rtc.js';
import { checkOptions, type Keys } from '../../util/check-options.js';
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
  /** @default 0, a free one */
  port?: number;
  /** What differs from Ion's behaviour. It can be changed later too: {@link ScriptedSfu.script}. */
  script?: Partial<Script>;
  /** PEM. With `ca`, clients need a certificate that it signed. */
  tls?: { key: string; cert: string; ca?: string };
  /**
   * How many requests are remembered, by the server and by each stream; 0 in a benchmark.
   * @default 1000
   */
  keepLast?: number;
  /**
   * Whether each trickle is sent back, which measures a round trip.
   * @default false
   */
  echoTrickles?: boolean;
  /**
   * Whether the tracks of a join's offer are announced as Ion announces them: to every other stream of the
   * server, in every room.
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

/** The service `rtc.RTC`, but whose replies may also be bytes, sent as they are. */
const SERVICE = {
  signal: {
    ...RTC_SERVICE.signal,
    responseSerialize: (reply: Reply | Uint8Array) =>
      Buffer.from(reply instanceof Uint8Array ? reply : Reply.encode(reply).finish()),
  },
};

/** Without it an HTTP/2 session ends, with every stream on it, at some 12,000 streams. */
const UNLIMITED_SESSION: ServerOptions = { 'grpc-node.max_session_memory': Number.MAX_SAFE_INTEGER };

/**
 * An SFU without media: the service `rtc.RTC` on a real gRPC server, which answers by a script. By default it
 * does what Ion v1.10.0 does, without the delays; what crashes Ion stops it ({@link crashed}).
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
  /** What it does now; assign to its members to change it. */
  readonly script: Script;
  /** What Ion does: for a script that only delays it, or adds to it. */
  readonly ion: Script;
  /** The streams that are open. */
  readonly streams: ReadonlySet<ScriptedStream>;
  /** What was received on all streams, the last `keepLast` of it. */
  readonly received: { stream: ScriptedStream; request: Request }[] = [];
  /** How many streams were opened so far. */
  totalStreams = 0;
  /** Why a real Ion would have died by now. */
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

  /** `host:port`, what a client connects to. */
  get address(): string {
    return `${this.#host}:${this.#port}`;
  }

  /** The open stream on which `uid` has joined. */
  stream(uid: string): ScriptedStream | undefined {
    for (const stream of this.#streams) if (stream.uid === uid) return stream;
    return undefined;
  }

  /**
   * Resolves with what `condition` gives as soon as that is truthy: checked now and after every request and every
   * stream that opens, half-closes or ends.
   * @param options - `timeoutMs`: it rejects after it. Default 5,000.
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

  /** Breaks every connection and frees the port. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.tryShutdown(() => resolve());
      server.forceShutdown();
    });
  }

  /** Stops and starts again on the same port: an SFU that comes back, without memory of its peers. */
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

/**
 * Starts a {@link ScriptedSfu}. Rejects when the port is taken.
 * @category Testing
 */
export async function startScriptedSfu(options: ScriptedSfuOptions = {}): Promise<ScriptedSfu> {
  const example = 'startScriptedSfu({ script: { onJoin(stream, join) {} } })';
  checkOptions({ name: 'startScriptedSfu()', example }, options, KEYS);
  if (options.script !== undefined) checkScript(options.script);
  if (options.tls !== undefined)
    checkOptions({ name: '"tls"', example: 'tls: { key, cert }' }, options.tls, TLS_KEYS);
  const sfu = new ScriptedSfu(options);
  await sfu.start();
  return sfu;
}
