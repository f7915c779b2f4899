import { Deadline } from '../../util/deadline.js';
import type { EventBody } from '../exchange.js';
import type { ReplayBuffer } from './replay-buffer.js';

/** ms after which a browser's EventSource connects again. */
const RETRY_MS = 1_000;

/**
 * A buffer as server-sent events: a event is an event with its number as the id, the end an event `close` with the
 * close code and reason of a WebSocket. Comments keep the connection alive.
 */
export class EventStream implements EventBody {
  #buffer: ReplayBuffer<unknown> | undefined;
  readonly #timeouts: { heartbeatIntervalMs: number; slowConsumerTimeoutMs: number };
  readonly #onOver: () => void;
  readonly #cut = new AbortController();
  /** To be said before, or without, any event. */
  #preface = `retry: ${RETRY_MS}\n\n`;
  #farewell: string | undefined;
  #over = false;
  #wake = () => {};
  #stalled: Deadline | undefined;

  constructor(
    buffer: ReplayBuffer<unknown>,
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
    if (!this.#hasWords) await this.#pause();
    if (this.#over) return { done: true, value: undefined };
    const unread = this.#buffer?.read() ?? [];
    const events = unread.map(({ id, text }) => `id: ${id}\ndata: ${text}\n\n`);
    const value = this.#preface + events.join('') + (this.#farewell ?? '');
    this.#preface = '';
    // It is asked for more once the client has read enough of this.
    this.#stalled = new Deadline(() => this.abort(), this.#timeouts.slowConsumerTimeoutMs);
    if (this.#farewell !== undefined) this.#finish();
    return { done: false, value: value || ': alive\n\n' };
  }

  /** The client has gone. */
  async return(): Promise<IteratorResult<string>> {
    this.#stalled?.cancel();
    this.#finish();
    return { done: true, value: undefined };
  }

  /** Says why, after all that is unread, and ends. */
  close(code: number, reason: string): void {
    this.#farewell ??= `event: close\ndata: ${JSON.stringify({ code, reason })}\n\n`;
    this.#wake();
  }

  /** Ends, and leaves what is unread to another stream. */
  supersede(code: number, reason: string): void {
    this.#buffer = undefined;
    this.close(code, reason);
  }

  /** Ends without a word. */
  abort(): void {
    this.#finish();
    this.#cut.abort();
  }

  get #hasWords(): boolean {
    const unread = this.#buffer?.unread.length ?? 0;
    return this.#over || this.#preface !== '' || this.#farewell !== undefined || unread > 0;
  }

  /** Until there is something to say, or it is time for a comment. */
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
