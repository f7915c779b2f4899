import type { ClientHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import type { ChannelCredentials, Client, ClientOptions, Metadata } from '@grpc/grpc-js';
import { RelayError } from '../../protocol/errors.js';
import type { CancelSignal } from '../../util/cancellation.js';
import { Deadline } from '../../util/deadline.js';
import { wallClock } from '../../util/wall-clock.js';
import { connectionFault, explainGrpcJs, timedOut, unavailable } from '../failed-connection.js';
import {
  type CallListener,
  type ConnectionSetup,
  type GrpcCall,
  type GrpcConnection,
  MAX_MESSAGE_BYTES,
} from '../grpc-connection.js';
import { ErrorCode, nameOfError } from '../http2/frames.js';
import type { SfuMetadata } from '../metadata.js';
import type { Status } from '../status.js';
import { GrpcJsCall } from './call.js';
import { Keepalive } from './keepalive.js';
import { type GrpcJs, sessionOf } from './load.js';

/** Node ends a connection with all its streams at 10 MB of session memory. */
const MAX_SESSION_MEMORY_MB = 1024;

const PROBE_METHOD = '/grpc.health.v1.Health/Check';
const PROBE_TIMEOUT_MS = 500;

/**
 * By @grpc/grpc-js: a client of its own, whose first HTTP/2 session is the connection. grpc-js would connect again by itself, and
 * queue streams beyond the server's limit; the pool does both for either client.
 */
export class GrpcJsConnection implements GrpcConnection {
  readonly #grpc: GrpcJs;
  readonly #client: Client;
  readonly #setup: ConnectionSetup;
  readonly #metadata: Metadata;
  #session: ClientHttp2Session | undefined;
  /** Of all attempts to connect. */
  readonly #sockets = new Set<Socket>();
  #keepalive: Keepalive | undefined;
  #openCalls = 0;
  streams = 0;
  suspect = false;
  #isLeaving = false;
  #isClosed = false;
  readonly #deadline: Deadline;
  #isLate = false;
  /** Why it is leaving, or over. */
  #cause: Error | undefined;

  constructor(grpc: GrpcJs, setup: ConnectionSetup) {
    const { serverUrl, tls, metadata } = setup;
    this.#grpc = grpc;
    this.#setup = setup;
    this.#metadata = this.#toMetadata(metadata);
    const credentials = tls
      ? grpc.credentials.createSsl(toBuffer(tls.ca), toBuffer(tls.key), toBuffer(tls.cert))
      : grpc.credentials.createInsecure();
    watchSockets(credentials, (socket) => {
      if (this.#isClosed) socket.destroy();
      else this.#sockets.add(socket);
    });
    this.#client = new grpc.Client(serverUrl, credentials, optionsOf(setup));
    // Not of whoever waits: each may give up before, and the next one would wait for the same dead connection.
    this.#deadline = new Deadline(() => {
      this.suspect = true;
      this.#isLate = true;
      this.#end(connectionFault(setup, 'no connection in time'));
    }, setup.connectTimeoutMs);
  }

  get maxStreams(): number {
    return this.#session?.remoteSettings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
  }

  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** grpc-js has no deadline of its own for this. */
  async ready(signal: CancelSignal): Promise<void> {
    const { connectivityState } = this.#grpc;
    const { connectTimeoutMs } = this.#setup;
    const channel = this.#client.getChannel();
    const deadline = performance.now() + connectTimeoutMs;
    while (!this.#session) {
      if (signal.aborted) throw new RelayError('ERR_RELAY_ABORTED', 'Cancelled.', { cause: signal.reason });
      if (this.#isClosed)
        throw this.#isLate ? timedOut(this.#setup, connectTimeoutMs) : unavailable(this.#loss());
      const state = channel.getConnectivityState(true);
      if (state === connectivityState.READY) {
        // A GOAWAY in the packet of the SETTINGS is seen a turn later.
        await turn();
        this.#adopt();
        return;
      }
      if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN)
        throw unavailable(explainGrpcJs(this.#setup, await this.#whyUnavailable()));
      if (performance.now() >= deadline) {
        this.suspect = true;
        throw timedOut(this.#setup, connectTimeoutMs);
      }
      await this.#stateAfter(state, deadline, signal);
    }
  }

  call(listener: CallListener, metadata?: SfuMetadata): GrpcCall {
    if (this.#isLeaving) throw unavailable(this.#loss());
    const all = metadata ? this.#toMetadata({ ...this.#setup.metadata, ...metadata }) : this.#metadata;
    const pass = (message: Buffer) => message;
    const call = this.#client.makeBidiStreamRequest(this.#setup.method, pass, pass, all);
    this.#openCalls += 1;
    return new GrpcJsCall(call, listener, (status) => this.#ended(status));
  }

  close(): void {
    this.#end(connectionFault(this.#setup, 'the connection was closed'));
  }

  /** From now on the session of grpc-js is the connection. */
  #adopt(): void {
    this.#deadline.cancel();
    const isLost =
      this.#client.getChannel().getConnectivityState(false) !== this.#grpc.connectivityState.READY;
    const session = isLost ? undefined : sessionOf(this.#client);
    if (session === 'unknown' || this.#session) return;
    if (!session) {
      this.#end(connectionFault(this.#setup, "the SFU's server has left the connection at once"));
      return;
    }
    this.#session = session;
    session.once('goaway', (code: number, _lastId: number, data?: Uint8Array) => {
      const reason = Buffer.from(data ?? [])
        .toString('latin1')
        .slice(0, 100);
      this.#cause = connectionFault(
        this.#setup,
        `the SFU's server goes away: ${nameOfError(code)} ${reason}`,
      );
      if (code === ErrorCode.ENHANCE_YOUR_CALM && reason === 'too_many_pings')
        this.#setup.onTooManyPings(this.#setup.keepaliveTimeMs);
      this.#leave();
    });
    session.once('close', () => this.#end(this.#loss()));
    this.#keepalive = new Keepalive(session, this.#setup, {
      hasCalls: () => this.#openCalls > 0,
      onIdle: () => this.#end(connectionFault(this.#setup, 'the connection was idle')),
      onSilent: () => this.#end(connectionFault(this.#setup, 'a ping was not answered')),
    });
    if (session.closed) this.#leave();
  }

  /** What the connection knows of the end of a call. */
  #ended(status: Status): Status {
    this.#openCalls -= 1;
    if (this.#isLeaving && this.#openCalls === 0) queueMicrotask(() => this.close());
    // Streams of a session that is destroyed end with whatever code they had.
    const isLost = status.code === 'UNAVAILABLE' || this.#isClosed;
    return isLost && this.#cause ? { ...status, code: 'UNAVAILABLE', details: this.#cause.message } : status;
  }

  /**
   * Takes no further call; those that are open go on, and the last one ends it. The client is closed at once, which ends the calls
   * that it has not begun: they would make it connect again.
   */
  #leave(): void {
    this.#isLeaving = true;
    this.#client.close();
    if (this.#openCalls === 0) this.close();
  }

  #end(cause: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#deadline.cancel();
    this.#isLeaving = true;
    this.#cause = this.#cause && this.#openCalls === 0 ? this.#cause : cause;
    this.#keepalive?.stop();
    this.#setup.onClosed(this, this.#openCalls > 0);
    this.#client.close();
    this.#session?.destroy();
    for (const socket of this.#sockets) this.#session ? socket.destroySoon() : socket.destroy();
  }

  #loss(): Error {
    this.#cause ??= connectionFault(this.#setup, 'the connection was lost');
    return this.#cause;
  }

  #toMetadata(fields: SfuMetadata = {}): Metadata {
    const metadata = new this.#grpc.Metadata();
    for (const [name, value] of Object.entries(fields)) metadata.set(name, value);
    return metadata;
  }

  /** grpc-js tells only a call why there is no connection: this one is of a method that Ion does not have. */
  #whyUnavailable(): Promise<string> {
    return new Promise((resolve) => {
      const unknown = 'the connection was refused or lost';
      if (this.#isClosed) return resolve(unknown);
      const pass = (message: Buffer) => message;
      const call = this.#client.makeUnaryRequest(PROBE_METHOD, pass, pass, Buffer.alloc(0), (error) => {
        clearTimeout(timer);
        resolve(error?.details || unknown);
      });
      const timer = setTimeout(() => call.cancel(), PROBE_TIMEOUT_MS);
    });
  }

  #stateAfter(state: number, deadline: number, signal: CancelSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      signal.addEventListener('abort', done, { once: true });
      // It wants a time of day, of which it makes a timer at once.
      const remaining = deadline - performance.now();
      this.#client.getChannel().watchConnectivityState(state, wallClock() + remaining, done);
    });
  }
}

function optionsOf({ authority, tls }: ConnectionSetup): ClientOptions {
  return {
    // Channels would share one connection otherwise, and with it its stream limit.
    'grpc.use_local_subchannel_pool': 1,
    // A stream lives for hours: no copy of what was sent is kept for a retry that never comes.
    'grpc.enable_retries': 0,
    'grpc-node.max_session_memory': MAX_SESSION_MEMORY_MB,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1_000,
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    ...(authority && { 'grpc.default_authority': authority }),
    ...(tls?.serverName && { 'grpc.ssl_target_name_override': tls.serverName }),
  };
}

/** grpc-js forgets a socket on which TLS or HTTP/2 has not begun when its client is closed, and leaves it open. */
function watchSockets(credentials: ChannelCredentials, onSocket: (socket: Socket) => void): void {
  const create = credentials._createSecureConnector.bind(credentials);
  credentials._createSecureConnector = (...args) => {
    const connector = create(...args);
    const connect = connector.connect.bind(connector);
    connector.connect = (socket) => {
      onSocket(socket);
      return connect(socket);
    };
    return connector;
  };
}

function toBuffer(pem: string | Uint8Array | undefined): Buffer | null {
  return pem === undefined ? null : Buffer.from(pem);
}
