import { type Metadata, type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { Reply, Request } from '../../sfu/ion/gen/rtc.js';

/**
 * How a stream ended: the client half-closed it (left) or cancelled it (or its connection broke), or the SFU ended it with OK or
 * another status.
 * @category Testing
 */
export type StreamEnd = 'half-closed' | 'cancelled' | 'ended' | 'failed';

type Payload = NonNullable<Request['payload']>;
type PayloadOf<Case extends Payload['$case']> = Extract<Payload, { $case: Case }>['value'];

/** Replies, or bytes that are sent unchanged. */
export type SignalCall = ServerDuplexStream<Request, Reply | Uint8Array>;

/** What a stream reports to its server. */
export interface StreamObserver {
  /** How many requests a stream remembers. */
  readonly keepLast: number;
  onRequest(stream: ScriptedStream, request: Request): void;
  onHalfClose(stream: ScriptedStream): void;
  onOver(stream: ScriptedStream): void;
}

/**
 * One `Signal` stream of the {@link ScriptedSfu}: records the received requests, and sends replies.
 * @category Testing
 */
export class ScriptedStream {
  /** The `uid` of its join, `''` before. */
  uid = '';
  /** The `sid` of its join, `''` before. */
  sid = '';
  /** Whether the script has accepted a join on it. */
  joined = false;
  /** Whether a subscriber offer is not answered yet. */
  offerPending = false;
  /** The last `keepLast` received requests. */
  readonly received: Request[] = [];
  /** Resolves when the stream ends. */
  readonly ended: Promise<StreamEnd>;

  readonly #call: SignalCall;
  readonly #observer: StreamObserver;
  #over = false;
  #resolveEnded: (end: StreamEnd) => void = () => {};

  /** @internal */
  constructor(
    /** Counted from 1 in the order of opening. */
    readonly id: number,
    call: SignalCall,
    observer: StreamObserver,
  ) {
    this.#call = call;
    this.#observer = observer;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    call.on('data', (request: Request) => {
      remember(this.received, request, observer.keepLast);
      observer.onRequest(this, request);
    });
    // A cancelled call emits `end` before `cancelled`.
    call.on('end', () => setImmediate(() => this.#halfClosed()));
    call.on('cancelled', () => this.#finish('cancelled'));
    call.on('error', () => {});
  }

  /** The client's metadata. */
  get metadata(): Metadata {
    return this.#call.metadata;
  }

  /** The client's address and port: the same for all streams of one connection. */
  get peer(): string {
    return this.#call.getPeer();
  }

  /** Whether replies can be sent. */
  get isOpen(): boolean {
    return !this.#over;
  }

  /** Whether it reads; `false` between {@link pause} and {@link resume}. */
  get isReading(): boolean {
    return !this.#call.isPaused();
  }

  /** The received requests of one kind, e.g. `stream.requests('trickle')`. */
  requests<Case extends Payload['$case']>(kind: Case): PayloadOf<Case>[] {
    return this.received.flatMap(({ payload }) =>
      payload?.$case === kind ? [payload.value as PayloadOf<Case>] : [],
    );
  }

  /** Sends a reply; without effect once the stream is over. */
  send(payload: NonNullable<Reply['payload']>): void {
    if (this.#over) return;
    if (payload.$case === 'description' && payload.value.type === 'offer') this.offerPending = true;
    this.#call.write({ payload });
  }

  /** Sends bytes instead of a message, such as an invalid one. */
  sendBytes(bytes: Uint8Array): void {
    if (!this.#over) this.#call.write(bytes);
  }

  /** Ends the stream with status OK. */
  end(): void {
    if (this.#finish('ended')) this.#call.end();
  }

  /** Ends the stream with a gRPC status, as Ion does after an invalid message. */
  fail(code: status = status.INTERNAL, details = 'failed by the script'): void {
    if (this.#finish('failed')) this.#call.emit('error', { code, details, message: details });
  }

  /** Stops reading, so that the client's messages fill the HTTP/2 window, as with a stalled SFU. */
  pause(): void {
    this.#call.pause();
  }

  /** Resumes reading. */
  resume(): void {
    this.#call.resume();
  }

  #halfClosed(): void {
    if (this.#over) return;
    this.#resolveEnded('half-closed');
    this.#observer.onHalfClose(this);
  }

  #finish(end: StreamEnd): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#resolveEnded(end);
    this.#observer.onOver(this);
    return true;
  }
}

/** Appends to a list that keeps the last `limit` entries. */
export function remember<T>(list: T[], entry: T, limit: number): void {
  list.push(entry);
  if (list.length > limit) list.shift();
}
