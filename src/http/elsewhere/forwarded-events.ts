import { RelayError } from '../../protocol/errors.js';
import type { Drainable } from '../../relay/shutdown.js';
import { Deadline } from '../../util/deadline.js';
import { noop } from '../../util/noop.js';
import type { EventBody } from '../exchange.js';
import { closeEvent } from '../sse/event-stream.js';

/** The event stream in the process of its session. */
export interface RemoteStream {
  /** The first piece. */
  readonly first: string | undefined;
  /** Resolves with the next piece; undefined at the end. @throws RelayError */
  read(): Promise<string | undefined>;
  /** The client does not read any more; must not throw. */
  end(): void;
  /** Whether the process lives. */
  isAlive(): boolean;
}

/**
 * The event stream of a session of another process. It asks for a piece when the client has read the last one, so that what waits for the
 * client waits there. Where a piece is lost, the stream is cut: the client continues after its `Last-Event-ID`.
 */
export class ForwardedEvents implements EventBody, Drainable {
  readonly #remote: RemoteStream;
  readonly #slowConsumerTimeoutMs: number;
  readonly #onOver: () => void;
  readonly #cut = new AbortController();
  #first: string | undefined;
  /** Ends the read that is in progress. */
  #stop = noop;
  #stalled: Deadline | undefined;
  /** The last piece has been read. */
  #isComplete = false;
  #isOver = false;

  constructor(remote: RemoteStream, slowConsumerTimeoutMs: number, onOver: () => void) {
    this.#remote = remote;
    this.#first = remote.first;
    this.#slowConsumerTimeoutMs = slowConsumerTimeoutMs;
    this.#onOver = onOver;
  }

  get signal(): AbortSignal {
    return this.#cut.signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<string>> {
    this.#stalled?.cancel();
    const value = this.#isOver || this.#isComplete ? undefined : await this.#readUnlessStopped();
    if (value === undefined || this.#isOver) return this.return();
    this.#stalled = new Deadline(() => this.terminate(), this.#slowConsumerTimeoutMs);
    return { done: false, value };
  }

  async return(): Promise<IteratorResult<string>> {
    this.#stalled?.cancel();
    if (!this.#isOver) {
      this.#isOver = true;
      this.#stop();
      this.#remote.end();
      this.#onOver();
    }
    return { done: true, value: undefined };
  }

  /** This process ends: the client continues in another one. */
  async drain(): Promise<void> {
    await this.return();
  }

  terminate(): void {
    void this.return();
    this.#cut.abort();
  }

  /** Not by a race with a promise of the whole stream: that would keep all pieces in memory. */
  #readUnlessStopped(): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#stop = () => resolve(undefined);
      void this.#read().then(resolve);
    });
  }

  /** Never rejects. */
  async #read(): Promise<string | undefined> {
    const first = this.#first;
    this.#first = undefined;
    if (first !== undefined) return first;
    try {
      return await this.#remote.read();
    } catch (error) {
      if (this.#remote.isAlive()) return undefined;
      this.#isComplete = true;
      const { closeCode, message } = RelayError.from(error);
      return closeEvent(closeCode, message);
    }
  }
}
