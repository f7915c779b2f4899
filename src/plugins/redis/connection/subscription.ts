import { RelayError } from '../../../protocol/errors.js';
import { withDeadline } from '../../../util/deadline.js';
import type { Logger } from '../../../util/logger.js';
import { noop } from '../../../util/noop.js';
import { unavailable } from './commands.js';
import type { Connection, Subscriber } from './redis-client.js';

/** ms of silence after which the connection is replaced: every second the process publishes to itself. */
const SILENCE_MS = 3_000;
const CONNECT_TIMEOUT_MS = 2_000;
const SUBSCRIBE_TIMEOUT_MS = 1_000;
/** Channels of one command. */
const MAX_CHANNELS = 500;

type Listener = (text: string) => void;

/** The connection on which the process hears what is published. It replaces one that breaks, or on which nothing comes. */
export class Subscription {
  readonly #connection: Connection;
  readonly #probe: string;
  readonly #logger: Logger;
  readonly #restored: () => void;
  readonly #listeners = new Map<string, Listener>();
  #subscriber: Subscriber | undefined;
  #connecting: Promise<void> | undefined;
  #heardAt = 0;
  #hasGap = false;
  #isClosed = false;

  /**
   * @param probe the channel of the own probes
   * @param restored is called when the connection is back: something may have been missed
   */
  constructor(connection: Connection, probe: string, logger: Logger, restored: () => void) {
    this.#connection = connection;
    this.#probe = probe;
    this.#logger = logger;
    this.#restored = restored;
    this.#listeners.set(probe, noop);
  }

  /** Whether it hears. */
  get isUp(): boolean {
    return this.#subscriber !== undefined;
  }

  /** @throws RelayError `ERR_RELAY_UNAVAILABLE` */
  async subscribe(channel: string, listener: Listener): Promise<void> {
    this.#listeners.set(channel, listener);
    try {
      await this.#connect();
      const { promise, late } = timed(this.#subscriber?.subscribe([channel]));
      await withDeadline(promise, SUBSCRIBE_TIMEOUT_MS, late);
    } catch (error) {
      this.#listeners.delete(channel);
      throw unavailable(error);
    }
  }

  unsubscribe(channel: string): void {
    if (this.#listeners.delete(channel)) this.#subscriber?.unsubscribe([channel]).catch(noop);
  }

  /** Once a second. */
  beat(): void {
    if (this.#subscriber && performance.now() - this.#heardAt > SILENCE_MS) this.#drop(this.#subscriber);
    if (!this.#subscriber) this.#connect().catch(noop);
    if (this.#connection.isReady) this.#connection.publish(this.#probe, '').catch(noop);
  }

  close(): void {
    this.#isClosed = true;
    this.#listeners.clear();
    this.#subscriber?.close();
    this.#subscriber = undefined;
  }

  async #connect(): Promise<void> {
    if (this.#subscriber) return;
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = undefined;
    });
    await this.#connecting;
  }

  async #open(): Promise<void> {
    let subscriber: Subscriber | undefined;
    let isOver = false;
    const ended = () => {
      isOver = true;
      if (subscriber) this.#drop(subscriber);
    };
    const making = this.#connection.subscriber((channel, text) => this.#heard(channel, text), ended);
    const opening = making.then(async (made) => {
      await made.connect();
      return made;
    });
    try {
      subscriber = await withDeadline(opening, CONNECT_TIMEOUT_MS, () => new Error('no connection to Redis'));
      const channels = [...this.#listeners.keys()];
      for (let at = 0; at < channels.length; at += MAX_CHANNELS) {
        const { promise, late } = timed(subscriber.subscribe(channels.slice(at, at + MAX_CHANNELS)));
        await withDeadline(promise, SUBSCRIBE_TIMEOUT_MS, late);
      }
      if (isOver || this.#isClosed) throw new Error('the connection to Redis has closed');
    } catch (error) {
      // Also while it connects: a Redis that hangs takes connections, and answers none of them.
      making.then((late) => late.close(), noop);
      throw error;
    }
    this.#subscriber = subscriber;
    this.#heardAt = performance.now();
    if (this.#hasGap) this.#restored();
    this.#hasGap = false;
  }

  #drop(subscriber: Subscriber): void {
    if (this.#subscriber !== subscriber) return;
    this.#subscriber = undefined;
    this.#hasGap = true;
    subscriber.close();
    if (!this.#isClosed) this.#connect().catch(noop);
  }

  #heard(channel: string, text: string): void {
    this.#heardAt = performance.now();
    try {
      this.#listeners.get(channel)?.(text);
    } catch (error) {
      this.#logger.error({ err: error }, 'What another process has published could not be handled');
    }
  }
}

function timed(subscribing: Promise<unknown> | undefined) {
  const late = () => new Error('Redis has not confirmed a subscription in time');
  if (subscribing) return { promise: subscribing, late };
  return {
    promise: Promise.reject(new RelayError('ERR_RELAY_UNAVAILABLE', 'Redis cannot be reached.')),
    late,
  };
}
