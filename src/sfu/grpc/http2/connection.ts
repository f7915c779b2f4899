import { type ClientHttp2Session, connect } from 'node:http2';
import { RelayError } from '../../../errors.js';
import type { SfuTlsOptions } from '../../tls.js';
import {
  type CallListener,
  type ConnectionSetup,
  type GrpcCall,
  type GrpcConnection,
  MAX_SESSION_MEMORY_MB,
  PING_TIMEOUT_MS,
} from '../client.js';
import { Http2Call } from './call.js';

/** On node:http2 itself. */
export class Http2Connection implements GrpcConnection {
  readonly #session: ClientHttp2Session;
  readonly #setup: ConnectionSetup;
  readonly #keepalive: NodeJS.Timeout;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #connected: Promise<void>;
  streams = 0;
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
    this.#session = connect(`${setup.tls ? 'https' : 'http'}://${setup.serverUrl}`, {
      ...(setup.tls && toTlsOptions(setup.tls)),
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

  async ready(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw aborted(signal);
    if (!this.#isReady) await untilAborted(this.#connected, signal);
  }

  call(listener: CallListener): GrpcCall {
    if (this.#leaving) throw unavailable(new Error('the connection was lost'));
    const stream = this.#session.request(this.#headers, { endStream: false });
    return new Http2Call(stream, listener, () => this.#session.destroyed);
  }

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

function toTlsOptions({ ca, cert, key, serverName }: SfuTlsOptions) {
  return {
    ...(ca !== undefined && { ca: Buffer.from(ca) }),
    ...(cert !== undefined && { cert: Buffer.from(cert) }),
    ...(key !== undefined && { key: Buffer.from(key) }),
    ...(serverName !== undefined && { servername: serverName }),
  };
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
