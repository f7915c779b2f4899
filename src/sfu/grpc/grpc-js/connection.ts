import { Client, type ClientOptions, connectivityState, credentials } from '@grpc/grpc-js';
import type { CancelSignal } from '../../../cancellation.js';
import { RelayError } from '../../../errors.js';
import { wallClock } from '../../../wall-clock.js';
import {
  type CallListener,
  type ConnectionSetup,
  type GrpcCall,
  type GrpcConnection,
  MAX_MESSAGE_BYTES,
} from '../client.js';
import { connectionFault, explainGrpcJs, timedOut, unavailable } from '../failed-connection.js';
import { GrpcJsCall } from './call.js';

/** Node ends a connection with all its streams at 10 MB of session memory. */
const MAX_SESSION_MEMORY_MB = 1024;

const PROBE_METHOD = '/grpc.health.v1.Health/Check';
const PROBE_TIMEOUT_MS = 500;

/** By @grpc/grpc-js. */
export class GrpcJsConnection implements GrpcConnection {
  readonly #client: Client;
  readonly #setup: ConnectionSetup;
  streams = 0;
  /** grpc-js knows it, and does not say. */
  readonly maxStreams = Number.POSITIVE_INFINITY;
  suspect = false;
  #closed = false;

  constructor(setup: ConnectionSetup) {
    const { serverUrl, tls } = setup;
    this.#setup = setup;
    this.#client = new Client(
      serverUrl,
      tls
        ? credentials.createSsl(toBuffer(tls.ca), toBuffer(tls.key), toBuffer(tls.cert))
        : credentials.createInsecure(),
      optionsOf(setup),
    );
  }

  /** Where a server leaves, the next call makes grpc-js connect again. */
  get isLeaving(): boolean {
    return this.#closed;
  }

  /** grpc-js has no deadline of its own for this. */
  async ready(signal: CancelSignal): Promise<void> {
    const { connectTimeoutMs } = this.#setup;
    const channel = this.#client.getChannel();
    const deadline = performance.now() + connectTimeoutMs;
    let state = channel.getConnectivityState(true);
    while (state !== connectivityState.READY) {
      if (signal.aborted) throw new RelayError('ERR_RELAY_ABORTED', 'Cancelled.', { cause: signal.reason });
      if (this.#closed) throw unavailable(connectionFault(this.#setup, 'the connection was closed'));
      if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN)
        throw unavailable(explainGrpcJs(this.#setup, await this.#whyUnavailable()));
      if (performance.now() >= deadline) {
        this.suspect = true;
        throw timedOut(this.#setup, connectTimeoutMs);
      }
      await this.#stateAfter(state, deadline, signal);
      state = channel.getConnectivityState(true);
    }
  }

  call(listener: CallListener): GrpcCall {
    if (this.#closed) throw unavailable(connectionFault(this.#setup, 'the connection was closed'));
    const pass = (message: Buffer) => message;
    return new GrpcJsCall(this.#client.makeBidiStreamRequest(this.#setup.method, pass, pass), listener);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#setup.onClosed(this, false);
    this.#client.close();
  }

  /** grpc-js tells only a call why there is no connection: this one is of a method that Ion does not have. */
  #whyUnavailable(): Promise<string> {
    return new Promise((resolve) => {
      const unknown = 'the connection was refused or lost';
      if (this.#closed) return resolve(unknown);
      const pass = (message: Buffer) => message;
      const call = this.#client.makeUnaryRequest(PROBE_METHOD, pass, pass, Buffer.alloc(0), (error) => {
        clearTimeout(timer);
        resolve(error?.details || unknown);
      });
      const timer = setTimeout(() => call.cancel(), PROBE_TIMEOUT_MS);
    });
  }

  #stateAfter(state: connectivityState, deadline: number, signal: CancelSignal): Promise<void> {
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

function optionsOf({ keepaliveTimeMs, pingTimeoutMs, tls }: ConnectionSetup): ClientOptions {
  return {
    // Channels would share one connection otherwise, and with it its stream limit.
    'grpc.use_local_subchannel_pool': 1,
    // A stream lives for hours: no copy of what was sent is kept for a retry that never comes.
    'grpc.enable_retries': 0,
    'grpc-node.max_session_memory': MAX_SESSION_MEMORY_MB,
    'grpc.keepalive_time_ms': keepaliveTimeMs,
    'grpc.keepalive_timeout_ms': pingTimeoutMs,
    'grpc.keepalive_permit_without_calls': 0,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1_000,
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    ...(tls?.serverName && { 'grpc.ssl_target_name_override': tls.serverName }),
  };
}

function toBuffer(pem: string | Uint8Array | undefined): Buffer | null {
  return pem === undefined ? null : Buffer.from(pem);
}
