import { type ClientHttp2Session, connect, type SecureClientSessionOptions } from 'node:http2';
import { RelayError } from '../../errors.js';
import { type CallListener, GrpcCall } from './call.js';

export interface ConnectionSetup {
  /** `http://host:port`, or https. */
  url: string;
  /** The path of the method that is called. */
  method: string;
  tls: Pick<SecureClientSessionOptions, 'ca' | 'cert' | 'key' | 'servername'>;
  connectTimeoutMs: number;
  keepaliveTimeMs: number;
  /** No further call may be made on it. */
  onLost(connection: Connection): void;
}

/** ms that the other side has to answer a ping. */
const PING_TIMEOUT_MS = 20_000;
/** Node ends a connection with all its streams at 10 MB of session memory. */
const MAX_SESSION_MEMORY_MB = 1024;

/** One HTTP/2 connection to the SFU, shared by the sessions that it has room for. */
export class Connection {
  readonly #session: ClientHttp2Session;
  readonly #setup: ConnectionSetup;
  readonly #keepalive: NodeJS.Timeout;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #connected: Promise<void>;
  /** Calls that are open, or about to be. */
  streams = 0;
  /** The SFU was silent when it should have answered: no new call until it says something again. */
  suspect = false;
  /** It takes no further call. */
  #leaving = false;
  #isReady = false;

  constructor(setup: ConnectionSetup) {
    this.#setup = setup;
    this.#headers = {
      ':method': 'POST',
      ':path': setup.method,
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-accept-encoding': 'identity',
      'user-agent': 'sfu-relay',
    };
    this.#session = connect(setup.url, {
      ...setup.tls,
      settings: { enablePush: false },
      maxSessionMemory: MAX_SESSION_MEMORY_MB,
    });
    this.#session.once('goaway', () => this.#lose());
    this.#session.once('close', () => this.#lose());
    this.#keepalive = setInterval(() => this.#ping(), setup.keepaliveTimeMs);
    this.#keepalive.unref();
    this.#connected = this.#connect();
    // Whoever waits for it hears of it; nobody may wait any more.
    this.#connected.catch(() => {});
  }

  /**
   * Resolves when the connection stands.
   * @throws RelayError `ERR_RELAY_SFU_UNAVAILABLE` as soon as connecting fails, `ERR_RELAY_SFU_TIMEOUT`,
   * `ERR_RELAY_ABORTED`
   */
  async ready(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw aborted(signal);
    if (!this.#isReady) await untilAborted(this.#connected, signal);
  }

  /** @throws RelayError `ERR_RELAY_SFU_UNAVAILABLE`: it was lost. */
  call(listener: CallListener): GrpcCall {
    if (this.#leaving) throw unavailable(new Error('the connection was lost'));
    const stream = this.#session.request(this.#headers, { endStream: false });
    return new GrpcCall(stream, listener, () => this.#session.destroyed);
  }

  /** Ends it, and the calls that are open. */
  close(): void {
    this.#lose();
    this.#session.destroy();
  }

  #connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.suspect = true;
        const cause = new Error(`no connection within ${this.#setup.connectTimeoutMs} ms`);
        reject(new RelayError('ERR_RELAY_SFU_TIMEOUT', 'The SFU does not answer.', { cause }));
        this.close();
      }, this.#setup.connectTimeoutMs);
      // The first word of the other side: until then it may be anybody, or nobody.
      this.#session.once('remoteSettings', () => {
        clearTimeout(timer);
        this.#isReady = true;
        resolve();
      });
      let cause = new Error('the connection was lost');
      this.#session.on('error', (error: Error) => {
        cause = error;
      });
      this.#session.once('close', () => {
        clearTimeout(timer);
        reject(unavailable(cause));
      });
    });
  }

  #lose(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#isReady = false;
    clearInterval(this.#keepalive);
    this.#setup.onLost(this);
  }

  /** Without calls there is nothing to lose. */
  #ping(): void {
    if (this.streams === 0) return;
    const timer = setTimeout(() => this.#session.destroy(), PING_TIMEOUT_MS);
    timer.unref();
    this.#session.ping(() => clearTimeout(timer));
  }
}

function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(aborted(signal));
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function unavailable(cause: Error): RelayError {
  return new RelayError('ERR_RELAY_SFU_UNAVAILABLE', "The SFU can't be reached.", { cause });
}

function aborted(signal: AbortSignal): RelayError {
  return new RelayError('ERR_RELAY_ABORTED', 'Cancelled.', { cause: signal.reason });
}
