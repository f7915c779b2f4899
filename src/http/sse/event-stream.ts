import { Deadline } from '../../util/deadline.js';
import type { EventBody } from '../exchange.js';
import type { ReplayBuffer } from './replay-buffer.js';

/** ms after which a browser's EventSource reconnects. */
const RETRY_MS = 1_000;

/** The last event of a stream whose session is over for its client. */
export function closeEvent(code: number, reason: string): string {
  return `event: close\ndata: ${JSON.stringify({ code, reason })}\n\n`;
}

type ReadableBuffer = Pick<ReplayBuffer<unknown>, 'onEvent' | 'read' | 'unread'>;

/**
 * Reads a buffer as server-sent events, with the events' numbers as ids. The last event is `close`, with the close code and
 * reason of a WebSocket. Comments keep the connection open.
 */
export class EventStream implements EventBody {
  #buffer: ReadableBuffer | undefined;
  readonly #timeouts: { heartbeatIntervalMs: number; slowConsumerTimeoutMs: number };
  readonly #onOver: () => void;
  readonly #cut = new AbortController();
  /** Sent before the first event, and also without one. */
  #preface = `retry: ${RETRY_MS}\n\n`;
  /** The event `close`, once the stream is to end. */
  #closeEvent: string | undefined;
  #over = false;
  #wake = () => {};
  #stalled: Deadline | undefined;

  constructor(
    buffer: ReadableBuffer,
    timeouts: { heartbeatIntervalMs: number; slowConsumerTimeoutMs: number },
    onOver: () => void,
  ) {
    this.#buffer = buffer;
    this.#timeouts = timeouts;
    this.#onOver = onOver;
    buffer.onEvent(() => this.#wake());
  }

  get signal(): AbortSignal {
    return this.#cut.signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<string>> {
    this.#stalled?.cancel();
    if (!this.#isReady) await this.#pause();
    if (this.#over) return { done: true, value: undefined };
    const unread = this.#buffer?.read() ?? [];
    const events = unread.map(({ id, text }) => `id: ${id}\ndata: ${text}\n\n`);
    const value = this.#preface + events.join('') + (this.#closeEvent ?? '');
    this.#preface = '';
    // `next` is called again once the client has read enough of this.
    this.#stalled = new Deadline(() => this.abort(), this.#timeouts.slowConsumerTimeoutMs);
    if (this.#closeEvent !== undefined) this.#finish();
    return { done: false, value: value || ': alive\n\n' };
  }

  /** The client has disconnected. */
  async return(): Promise<IteratorResult<string>> {
    this.#stalled?.cancel();
    this.#finish();
    return { done: true, value: undefined };
  }

  /** Ends with the event `close`, after all unread events. */
  close(code: number, reason: string): void {
    this.#closeEvent ??= closeEvent(code, reason);
    this.#wake();
  }

  /** Ends, and leaves the unread events to another stream. */
  supersede(code: number, reason: string): void {
    this.#buffer = undefined;
    this.close(code, reason);
  }

  /** Ends without the event `close`. */
  abort(): void {
    this.#finish();
    this.#cut.abort();
  }

  get #isReady(): boolean {
    const unread = this.#buffer?.unread.length ?? 0;
    return this.#over || this.#preface !== '' || this.#closeEvent !== undefined || unread > 0;
  }

  /** Waits for something to send, or until it is time for a comment. */
  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#timeouts.heartbeatIntervalMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#wake();
    this.#onOver();
  }
}
