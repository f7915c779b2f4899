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

/** The limit of session memory in MB: at Node's default of 10 it would end a connection with all its streams. */
const MAX_SESSION_MEMORY_MB = 1024;

const PROBE_METHOD = '/grpc.health.v1.Health/Check';
const PROBE_TIMEOUT_MS = 500;

/**
 * A connection of @grpc/grpc-js: a client whose first HTTP/2 session is the connection. grpc-js would reconnect and queue streams
 * beyond the server's limit by itself; here the pool does both, as for the other client.
 */
export class GrpcJsConnection implements GrpcConnection {
  readonly #grpc: GrpcJs;
  readonly #client: Client;
  readonly #setup: ConnectionSetup;
  readonly #metadata: Metadata;
  #session: ClientHttp2Session | undefined;
  /** The deadline of all attempts to connect. */
  readonly #sockets = new Set<Socket>();
  #keepalive: Keepalive | undefined;
  #openCalls = 0;
  streams = 0;
  suspect = false;
  #isLeaving = false;
  #isClosed = false;
  readonly #deadline: Deadline;
  #isLate = false;
  /** Why the connection accepts no further call. */
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
    // A deadline of the connection, not of its callers: if a caller gave up first, the next one would wait for the same dead connection.
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

  /** grpc-js has no deadline for connecting. */
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
        // A GOAWAY in the packet of the SETTINGS is processed one turn later.
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

  /** The session of grpc-js is established. */
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

  /** Adds the connection's error to the end of a call. */
  #ended(status: Status): Status {
    this.#openCalls -= 1;
    if (this.#isLeaving && this.#openCalls === 0) queueMicrotask(() => this.close());
    // Streams of a destroyed session end with an arbitrary code.
    const isLost = status.code === 'UNAVAILABLE' || this.#isClosed;
    return isLost && this.#cause ? { ...status, code: 'UNAVAILABLE', details: this.#cause.message } : status;
  }

  /**
   * Accepts no further call. Open calls continue; the connection closes after the last one. The client is closed immediately: this
   * ends calls that have not begun, which would make it reconnect.
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

  /** grpc-js reports a connection's error only to a call. This call is to a method that Ion does not have. */
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
      // grpc-js takes a time of day and converts it to a timer immediately.
      const remaining = deadline - performance.now();
      this.#client.getChannel().watchConnectivityState(state, wallClock() + remaining, done);
    });
  }
}

function optionsOf({ authority, tls }: ConnectionSetup): ClientOptions {
  return {
    // Otherwise all channels share one connection and its limit of streams.
    'grpc.use_local_subchannel_pool': 1,
    // Streams stay open for hours: without retries no copies of sent messages are kept.
    'grpc.enable_retries': 0,
    'grpc-node.max_session_memory': MAX_SESSION_MEMORY_MB,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1_000,
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    ...(authority && { 'grpc.default_authority': authority }),
    ...(tls?.serverName && { 'grpc.ssl_target_name_override': tls.serverName }),
  };
}

/** Closes sockets that grpc-js leaves open if its client is closed before TLS or HTTP/2 has begun. */
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
