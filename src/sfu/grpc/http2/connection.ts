import type { Socket } from 'node:net';
import type { CancelSignal } from '../../../cancellation.js';
import { Deadline } from '../../../deadline.js';
import { RelayError } from '../../../errors.js';
import {
  type CallListener,
  type ConnectionSetup,
  type GrpcCall,
  type GrpcConnection,
  PING_TIMEOUT_MS,
} from '../client.js';
import {
  connectionFault,
  explainFirstBytes,
  explainSilentClose,
  explainSocketError,
  GRPC_PORT,
  timedOut,
  unavailable,
} from '../failed-connection.js';
import { FrameReader } from './frame-reader.js';
import { FrameWriter } from './frame-writer.js';
import { ConnectionError, DEFAULT_WINDOW_BYTES, ErrorCode, FrameType, Setting } from './frames.js';
import { encodeFields } from './hpack/encoder.js';
import { CALL_WINDOW_BYTES, CONNECTION_WINDOW_BYTES, Multiplexer } from './multiplexer.js';
import { encodeSettings } from './settings.js';
import { openSocket } from './socket.js';

/** RFC 9113 § 3.4 */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const SETTINGS = encodeSettings([
  [Setting.ENABLE_PUSH, 0],
  [Setting.INITIAL_WINDOW_SIZE, CALL_WINDOW_BYTES],
]);
const PING = Buffer.alloc(8);

/**
 * One HTTP/2 connection, on a socket itself: its calls are all of one kind, with small messages that are read at once,
 * and what node:http2 does for calls of any kind costs a candidate as much as all the rest of its way.
 */
export class Http2Connection implements GrpcConnection {
  readonly #setup: ConnectionSetup;
  /** The header block of each call's request. */
  readonly #fields: Buffer;
  readonly #socket: Socket;
  readonly #writer: FrameWriter;
  readonly #calls: Multiplexer;
  readonly #frames: FrameReader;
  readonly #connected: Promise<void>;
  readonly #keepalive: NodeJS.Timeout;
  #pingTimer: Deadline | undefined;
  streams = 0;
  suspect = false;
  #isReady = false;
  #wasReady = false;
  /** The other side has said its first word. */
  #greeted = () => {};
  /** It takes no further call. */
  #isLeaving = false;
  #isOver = false;
  /** Why. */
  #cause: Error | undefined;

  constructor(setup: ConnectionSetup) {
    const { serverUrl, method, tls } = setup;
    this.#setup = setup;
    this.#fields = encodeFields({
      ':method': 'POST',
      ':scheme': tls ? 'https' : 'http',
      ':path': method,
      ':authority': serverUrl,
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-accept-encoding': 'identity',
      'user-agent': 'sfu-relay',
    });
    this.#socket = openSocket(serverUrl, tls, (data, bytes) => this.#receive(data, bytes));
    this.#writer = new FrameWriter(this.#socket, () => this.#calls.outflow.resume());
    this.#calls = new Multiplexer({
      writer: this.#writer,
      onSettings: () => this.#greeted(),
      onPong: () => this.#answered(),
      onGoaway: (reason) => {
        this.#cause = connectionFault(setup, reason);
        this.#leave();
      },
      onIdle: () => {
        if (this.#isLeaving) this.close();
      },
    });
    this.#frames = new FrameReader(this.#calls);
    this.#greet();
    this.#connected = this.#connect();
    // Whoever waits for it hears of it; nobody may wait any more.
    this.#connected.catch(() => {});
    this.#keepalive = setInterval(() => this.#ping(), setup.keepaliveTimeMs);
    this.#keepalive.unref();
  }

  get maxStreams(): number {
    return this.#calls.maxStreams;
  }

  async ready(signal: CancelSignal): Promise<void> {
    if (signal.aborted) throw aborted(signal);
    if (!this.#isReady) await untilAborted(this.#connected, signal);
  }

  call(listener: CallListener): GrpcCall {
    if (this.#isLeaving) throw unavailable(this.#loss());
    const call = this.#calls.open(this.#fields, listener);
    if (this.#calls.isExhausted) this.#leave();
    return call;
  }

  close(): void {
    this.#fail(ErrorCode.NO_ERROR, this.#cause ?? connectionFault(this.#setup, 'the connection was closed'));
  }

  /** The first word of this side. */
  #greet(): void {
    this.#writer.raw(PREFACE);
    this.#writer.frame(FrameType.SETTINGS, 0, 0, SETTINGS);
    this.#writer.number(FrameType.WINDOW_UPDATE, 0, CONNECTION_WINDOW_BYTES - DEFAULT_WINDOW_BYTES);
  }

  /** Resolves with the first word of the other side: until then it may be anybody, or nobody. */
  #connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = new Deadline(() => {
        this.suspect = true;
        const error = timedOut(this.#setup, this.#setup.connectTimeoutMs);
        reject(error);
        this.#fail(ErrorCode.NO_ERROR, error.cause as Error);
      }, this.#setup.connectTimeoutMs);
      this.#greeted = () => {
        deadline.cancel();
        this.#isReady = true;
        this.#wasReady = true;
        resolve();
      };
      this.#socket.on('error', (error) => {
        this.#cause = explainSocketError(this.#setup, error);
      });
      this.#socket.once('close', () => {
        deadline.cancel();
        reject(unavailable(this.#loss()));
        this.#closed();
      });
    });
  }

  #receive(data: Buffer, bytes: number): void {
    if (this.#isOver) return;
    const stranger = this.#isReady ? undefined : explainFirstBytes(this.#setup, data, bytes);
    if (stranger) {
      this.#fail(ErrorCode.PROTOCOL_ERROR, stranger);
      return;
    }
    try {
      this.#frames.read(data, 0, bytes);
    } catch (error) {
      const code = error instanceof ConnectionError ? error.code : ErrorCode.INTERNAL_ERROR;
      const message = error instanceof Error ? error.message : String(error);
      const what = this.#isReady ? message : `no HTTP/2 is spoken there (${message}): ${GRPC_PORT}`;
      this.#fail(code, connectionFault(this.#setup, what));
    }
  }

  /** Ends it at once, and says why as far as the other side listens. */
  #fail(code: number, cause: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cause = cause;
    this.#leave();
    this.#writer.frame(FrameType.GOAWAY, 0, 0, goaway(code));
    if (!this.#socket.connecting) this.#writer.flush();
    this.#socket.destroy();
    this.#calls.loseAll({ code: 'UNAVAILABLE', details: cause.message });
  }

  /** Takes no further call; those that are open go on, and the last one ends it. */
  #leave(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    clearInterval(this.#keepalive);
    this.#setup.onLost(this);
    if (this.#calls.size === 0) this.close();
  }

  #loss(): Error {
    this.#cause ??= this.#wasReady
      ? connectionFault(this.#setup, 'the connection was lost')
      : explainSilentClose(this.#setup);
    return this.#cause;
  }

  #closed(): void {
    this.#isOver = true;
    this.#isReady = false;
    this.#leave();
    this.#pingTimer?.cancel();
    this.#calls.loseAll({ code: 'UNAVAILABLE', details: this.#loss().message });
  }

  /** Without calls there is nothing to lose. */
  #ping(): void {
    if (this.#calls.size === 0 || this.#pingTimer) return;
    this.#writer.frame(FrameType.PING, 0, 0, PING);
    this.#pingTimer = new Deadline(
      () => this.#fail(ErrorCode.NO_ERROR, connectionFault(this.#setup, 'a ping was not answered')),
      PING_TIMEOUT_MS,
    ).unref();
  }

  #answered(): void {
    this.#pingTimer?.cancel();
    this.#pingTimer = undefined;
  }
}

function goaway(code: number): Buffer {
  // After the last stream of the other side's, of which there are none.
  const content = Buffer.alloc(8);
  content.writeUInt32BE(code, 4);
  return content;
}

function untilAborted(promise: Promise<void>, signal: CancelSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(aborted(signal));
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function aborted(signal: CancelSignal): RelayError {
  return new RelayError('ERR_RELAY_ABORTED', 'Cancelled.', { cause: signal.reason });
}
