import type { Socket } from 'node:net';
import { Deadline } from '../../util/deadline.js';
import {
  connectionFault,
  explainFirstBytes,
  explainSilentClose,
  explainSocketError,
  GRPC_PORT,
} from '../failed-connection.js';
import type { CallListener, ConnectionSetup } from '../grpc-connection.js';
import type { Address } from './addresses.js';
import type { Http2Call } from './call.js';
import { FrameReader } from './frame-reader.js';
import { FrameWriter } from './frame-writer.js';
import { ConnectionError, DEFAULT_WINDOW_BYTES, ErrorCode, FrameType, Setting } from './frames.js';
import { MAX_FIELDS_BYTES } from './hpack/decoder.js';
import { CALL_WINDOW_BYTES, CONNECTION_WINDOW_BYTES, Multiplexer } from './multiplexer.js';
import { encodeSettings } from './settings.js';
import { openSocket } from './socket.js';

/** RFC 9113 § 3.4 */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const SETTINGS = encodeSettings([
  [Setting.ENABLE_PUSH, 0],
  [Setting.INITIAL_WINDOW_SIZE, CALL_WINDOW_BYTES],
  [Setting.MAX_HEADER_LIST_SIZE, MAX_FIELDS_BYTES],
]);
const PING = Buffer.alloc(8);

interface TransportListener {
  /** The server has sent its SETTINGS. */
  onReady(): void;
  /** The connection has closed. `cutCalls`: calls were open; they end afterwards. */
  onClosed(cause: Error, cutCalls: boolean): void;
}

/** HTTP/2 on one socket: preface, settings, pings, end. The {@link Multiplexer} has the calls. */
export class Http2Transport {
  readonly #setup: ConnectionSetup;
  readonly #listener: TransportListener;
  readonly #socket: Socket;
  readonly #writer: FrameWriter;
  readonly #calls: Multiplexer;
  readonly #frames: FrameReader;
  #keepalive: NodeJS.Timeout | undefined;
  #pingEveryMs = 0;
  #pingTimer: Deadline | undefined;
  #isReady = false;
  #isLeaving = false;
  #isOver = false;
  /** Why the connection accepts no further call. */
  #cause: Error | undefined;

  constructor(address: Address, setup: ConnectionSetup, listener: TransportListener) {
    this.#setup = setup;
    this.#listener = listener;
    this.#socket = openSocket(address, setup.tls, (data, bytes) => this.#receive(data, bytes));
    this.#writer = new FrameWriter(this.#socket, () => this.#calls.flowControl.resume());
    this.#calls = new Multiplexer({
      writer: this.#writer,
      onSettings: () => this.#greeted(),
      onPong: () => this.#answered(),
      onGoaway: (goaway) => {
        this.#cause = connectionFault(setup, goaway.reason);
        if (goaway.code === ErrorCode.ENHANCE_YOUR_CALM && goaway.data === 'too_many_pings')
          setup.onTooManyPings(this.#pingEveryMs);
        this.#leave();
      },
      onIdle: () => {
        if (this.#isLeaving) this.close();
      },
    });
    this.#frames = new FrameReader(this.#calls);
    this.#greet();
    this.#socket.on('error', (error) => {
      this.#cause = explainSocketError(setup, error);
    });
    this.#socket.once('close', () => this.#end(this.#loss()));
    this.#pingLater();
  }

  get maxStreams(): number {
    return this.#calls.maxStreams;
  }

  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** Why the connection accepts no further call. */
  get cause(): Error {
    return this.#loss();
  }

  open(fields: Buffer, listener: CallListener): Http2Call {
    const call = this.#calls.open(fields, listener);
    if (this.#calls.isExhausted) this.#leave();
    return call;
  }

  /** Closes the connection and its open calls. */
  close(cause?: Error): void {
    this.#fail(
      ErrorCode.NO_ERROR,
      cause ?? this.#cause ?? connectionFault(this.#setup, 'the connection was closed'),
    );
  }

  /** Sends the client's preface. */
  #greet(): void {
    this.#writer.raw(PREFACE);
    this.#writer.frame(FrameType.SETTINGS, 0, 0, SETTINGS);
    this.#writer.number(FrameType.WINDOW_UPDATE, 0, CONNECTION_WINDOW_BYTES - DEFAULT_WINDOW_BYTES);
  }

  /** Before its SETTINGS, the server may speak another protocol or not answer at all. */
  #greeted(): void {
    if (this.#isReady) return;
    this.#isReady = true;
    this.#listener.onReady();
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

  /** Closes the connection immediately, after a GOAWAY with the reason. */
  #fail(code: number, cause: Error): void {
    if (this.#isOver) return;
    this.#writer.frame(FrameType.GOAWAY, 0, 0, goaway(code));
    if (!this.#socket.connecting) this.#writer.flush();
    this.#socket.destroy();
    this.#end(cause);
  }

  /** Accepts no further call. Open calls continue; the connection closes after the last one. */
  #leave(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    if (this.#calls.size === 0) this.close();
  }

  #end(cause: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cause = cause;
    clearTimeout(this.#keepalive);
    this.#pingTimer?.cancel();
    this.#leave();
    this.#listener.onClosed(cause, this.#calls.size > 0);
    this.#calls.loseAll({ code: 'UNAVAILABLE', details: cause.message });
  }

  #loss(): Error {
    this.#cause ??= this.#isReady
      ? connectionFault(this.#setup, 'the connection was lost')
      : explainSilentClose(this.#setup);
    return this.#cause;
  }

  /**
   * Without calls the connection is closed instead of pinged: servers disconnect clients that ping without calls, and load balancers
   * drop silent connections, which would lose the next call. After a GOAWAY the pings continue as long as there are calls.
   */
  #ping(): void {
    if (!this.#isReady || this.#pingTimer) return;
    if (this.#calls.size === 0) {
      this.close(connectionFault(this.#setup, 'the connection was idle'));
      return;
    }
    this.#writer.frame(FrameType.PING, 0, 0, PING);
    this.#pingTimer = new Deadline(
      () => this.#fail(ErrorCode.NO_ERROR, connectionFault(this.#setup, 'a ping was not answered')),
      this.#setup.pingTimeoutMs,
    ).unref();
  }

  #pingLater(): void {
    this.#pingEveryMs = this.#setup.keepaliveTimeMs;
    this.#keepalive = setTimeout(() => {
      this.#ping();
      if (!this.#isOver) this.#pingLater();
    }, this.#pingEveryMs);
    this.#keepalive.unref();
  }

  #answered(): void {
    this.#pingTimer?.cancel();
    this.#pingTimer = undefined;
  }
}

function goaway(code: number): Buffer {
  // Last-Stream-ID 0: the server has opened no streams.
  const content = Buffer.alloc(8);
  content.writeUInt32BE(code, 4);
  return content;
}
