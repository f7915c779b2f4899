import type { CallListener } from '../grpc-connection.js';
import type { Status } from '../status.js';
import { Http2Call } from './call.js';
import { FlowControl } from './flow-control.js';
import type { FrameListener } from './frame-reader.js';
import type { FrameWriter } from './frame-writer.js';
import {
  ConnectionError,
  ErrorCode,
  Flag,
  FrameType,
  frameSizeError,
  MAX_31_BITS,
  nameOfError,
  protocolError,
} from './frames.js';
import { HeaderBlocks } from './header-blocks.js';
import { decodeSettings } from './settings.js';

/** The receive window. It is large, because received data is processed immediately. */
export const CALL_WINDOW_BYTES = 1024 * 1024;
export const CONNECTION_WINDOW_BYTES = 16 * 1024 * 1024;
/** The limit of unsent replies to PING and SETTINGS, for a server that does not read them. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024;
const PING_BYTES = 8;

/** A GOAWAY of the server. */
interface Goaway {
  /** RFC 9113 § 7 */
  code: number;
  /** The debug data. */
  data: string;
  /** A sentence for the log. */
  reason: string;
}

interface MultiplexerSetup {
  writer: FrameWriter;
  /** The server has sent SETTINGS. */
  onSettings(): void;
  /** The server accepts no further calls. */
  onGoaway(goaway: Goaway): void;
  onPong(): void;
  /** The last call has ended. */
  onIdle(): void;
}

/** Maps the frames of a connection to its calls (RFC 9113). */
export class Multiplexer implements FrameListener {
  readonly writer: FrameWriter;
  readonly flowControl: FlowControl;
  /** The server's limit of concurrent calls. */
  maxStreams = Number.POSITIVE_INFINITY;
  readonly #setup: MultiplexerSetup;
  readonly #calls = new Map<number, Http2Call>();
  readonly #blocks = new HeaderBlocks();
  #nextId = 1;
  /** Received bytes of the connection for which no WINDOW_UPDATE was sent yet. */
  #received = 0;
  #isGreeted = false;

  constructor(setup: MultiplexerSetup) {
    this.#setup = setup;
    this.writer = setup.writer;
    this.flowControl = new FlowControl(setup.writer);
  }

  get size(): number {
    return this.#calls.size;
  }

  /** No stream ids are left for further calls. */
  get isExhausted(): boolean {
    return this.#nextId > MAX_31_BITS;
  }

  /** Opens a call; `fields` is the header block of its request. */
  open(fields: Buffer, listener: CallListener): Http2Call {
    const call = new Http2Call(this.#nextId, listener, this);
    this.#nextId += 2;
    this.#calls.set(call.id, call);
    this.writer.frame(FrameType.HEADERS, Flag.END_HEADERS, call.id, fields);
    return call;
  }

  forget(call: Http2Call): void {
    this.#calls.delete(call.id);
    this.flowControl.forget(call);
    if (this.#calls.size === 0) this.#setup.onIdle();
  }

  /** The connection has closed: ends all calls. */
  loseAll(status: Status): void {
    for (const call of [...this.#calls.values()]) call.lose(status);
  }

  /** @throws Error the connection can't continue */
  onFrame(type: number, flags: number, streamId: number, data: Buffer, start: number, end: number): void {
    if (!this.#isGreeted && (type !== FrameType.SETTINGS || flags & Flag.ACK))
      throw protocolError('no settings at first');
    if (this.#blocks.isOpen && type !== FrameType.CONTINUATION)
      throw protocolError('a header block is cut off');
    switch (type) {
      case FrameType.DATA:
        this.#data(flags, streamId, data, start, end);
        break;
      case FrameType.HEADERS:
        this.#checkOpened(streamId);
        this.#blocks.begin(flags, streamId, data, start, end);
        this.#fields(flags);
        break;
      case FrameType.CONTINUATION:
        this.#blocks.continue(streamId, data, start, end);
        this.#fields(flags);
        break;
      case FrameType.RST_STREAM:
        if (end - start !== 4) throw frameSizeError('a reset of the wrong length');
        this.#callOf(streamId)?.receiveReset(data.readUInt32BE(start));
        break;
      case FrameType.SETTINGS:
        this.#settings(flags, streamId, data, start, end);
        break;
      case FrameType.PUSH_PROMISE:
        throw protocolError('a push, which was forbidden');
      case FrameType.PING:
        this.#ping(flags, streamId, data, start, end);
        break;
      case FrameType.GOAWAY:
        this.#goaway(streamId, data, start, end);
        break;
      case FrameType.WINDOW_UPDATE:
        this.#widen(streamId, data, start, end);
        break;
      // PRIORITY and unknown types are ignored (§ 5.5).
    }
  }

  #data(flags: number, streamId: number, data: Buffer, start: number, end: number): void {
    const call = this.#callOf(streamId);
    const length = end - start;
    this.#received = this.#giveBack(0, this.#received + length, CONNECTION_WINDOW_BYTES);
    if (!call) return;
    const padding = flags & Flag.PADDED ? 1 + (data[start] ?? 0) : 0;
    if (padding > length) throw protocolError('more padding than there is data');
    // The length of the padding precedes the data, the padding follows it.
    if (padding === 0) call.receiveData(data, start, end);
    else call.receiveData(data, start + 1, end - padding + 1);
    if (flags & Flag.END_STREAM) call.receiveEnd();
    else call.received = this.#giveBack(streamId, call.received + length, CALL_WINDOW_BYTES);
  }

  /** Sends a WINDOW_UPDATE after each half of a window. */
  #giveBack(streamId: number, received: number, window: number): number {
    if (received < window / 2) return received;
    // A stream that this client has just closed needs no window.
    if (streamId === 0 || this.#calls.has(streamId))
      this.writer.number(FrameType.WINDOW_UPDATE, streamId, received);
    return 0;
  }

  #fields(flags: number): void {
    if (!(flags & Flag.END_HEADERS)) return;
    const { streamId, isLast, fields } = this.#blocks.end();
    const call = this.#callOf(streamId);
    call?.receiveFields(fields);
    if (isLast) call?.receiveEnd();
  }

  #settings(flags: number, streamId: number, data: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw protocolError('settings of a stream');
    if (flags & Flag.ACK) {
      if (start !== end) throw frameSizeError('settings that are acknowledged, and sent');
      return;
    }
    const { initialWindow, maxStreams } = decodeSettings(data, start, end);
    if (maxStreams !== undefined) this.maxStreams = maxStreams;
    this.#isGreeted = true;
    this.#answer(() => this.writer.frame(FrameType.SETTINGS, Flag.ACK, 0));
    if (initialWindow !== undefined) this.flowControl.setInitialWindow(initialWindow, this.#calls.values());
    this.#setup.onSettings();
  }

  #ping(flags: number, streamId: number, data: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw protocolError('a ping of a stream');
    if (end - start !== PING_BYTES) throw frameSizeError('a ping of the wrong length');
    if (flags & Flag.ACK) this.#setup.onPong();
    else this.#answer(() => this.writer.frame(FrameType.PING, Flag.ACK, 0, data.subarray(start, end)));
  }

  #answer(write: () => void): void {
    if (this.writer.unsent > MAX_UNSENT_BYTES)
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'it asks much, and reads no answer');
    write();
  }

  #goaway(streamId: number, data: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw protocolError('a stream that goes away');
    if (end - start < 8) throw frameSizeError('a goaway that is too short');
    const lastId = data.readUInt32BE(start) & MAX_31_BITS;
    const code = data.readUInt32BE(start + 4);
    const debug = data.toString('latin1', start + 8, end).slice(0, 100);
    const reason = `the SFU's server goes away: ${nameOfError(code)} ${debug}`;
    this.#setup.onGoaway({ code, data: debug, reason });
    for (const call of [...this.#calls.values()]) {
      if (call.id > lastId) call.lose({ code: 'UNAVAILABLE', details: reason, unprocessed: true });
    }
  }

  #widen(streamId: number, data: Buffer, start: number, end: number): void {
    if (end - start !== 4) throw frameSizeError('a window update of the wrong length');
    const bytes = data.readUInt32BE(start) & MAX_31_BITS;
    if (bytes === 0) throw protocolError('a window that is widened by nothing');
    if (streamId === 0) this.flowControl.widen(bytes);
    else this.#callOf(streamId)?.widen(bytes);
  }

  /** Undefined if the call has ended here; the server may not know that yet. */
  #callOf(streamId: number): Http2Call | undefined {
    const call = this.#calls.get(streamId);
    if (!call) this.#checkOpened(streamId);
    return call;
  }

  /** @throws ConnectionError the stream was never opened */
  #checkOpened(streamId: number): void {
    if (streamId % 2 === 0 || streamId >= this.#nextId)
      throw protocolError(`no stream ${streamId} was opened`);
  }
}
