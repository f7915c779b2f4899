import { RelayError } from '../protocol/errors.js';
import type { Logger } from '../util/logger.js';
import { noop } from '../util/noop.js';
import { wallClock } from '../util/wall-clock.js';

/** Bounds of the exponential backoff between probes of a single SFU that is down. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;
/** Sessions wait for the node. */
const URGENT_PAUSE_MS = 500;
/** A node without sessions is probed only this often. */
const UNUSED_INTERVAL_MS = 5_000;

/** A watched node is down after this many missed probes in a row. */
const MAX_MISSES = 2;

/** How a node is watched. */
export interface Watch {
  /** ms between two looks at a node. */
  intervalMs: number;
  /** ms within which it has to answer a probe. */
  timeoutMs: number;
}

interface NodeHealthSetup {
  serverUrl: string;
  logger: Logger;
  /**
   * Undefined: the node is probed only after a failure, and the first missed answer means that it is down. Otherwise only two missed
   * probes in a row do: a false alarm would move rooms. A connection that fails, for whatever reason, may be one of many.
   */
  watch: Watch | undefined;
  /** Rejects if the SFU does not answer. The result is reported by `reached` or `missed`, too. */
  probe(): Promise<void>;
  /** Whether the node has sent anything since the last call. */
  takeHeard(): boolean;
  /** Whether the node has sessions. */
  isUsed(): boolean;
  onDown(error: RelayError): void;
  onUp(downMs: number): void;
}

/**
 * Judges by replies and failures whether an SFU node is up, and logs each change once. While the node is down it is probed, as no join
 * may happen to find out that it is back.
 */
export class NodeHealth {
  readonly #setup: NodeHealthSetup;
  #error: RelayError | undefined;
  #isKnown = false;
  #since = wallClock();
  /** `performance.now()` */
  #downSince = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #probing: Promise<void> | undefined;
  #lastProbe = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #watching: NodeJS.Timeout | undefined;
  #isUrgent = false;
  #closed = false;

  constructor(setup: NodeHealthSetup) {
    this.#setup = setup;
    if (setup.watch) this.#watching = setInterval(() => this.#look(), setup.watch.intervalMs).unref();
  }

  /** `unknown`: it has neither answered nor failed yet. */
  get state(): 'up' | 'down' | 'unknown' {
    if (this.#error) return 'down';
    this.#isKnown ||= this.#setup.takeHeard();
    return this.#isKnown ? 'up' : 'unknown';
  }

  /** Why the node is down. */
  get error(): RelayError | undefined {
    return this.#error;
  }

  /** ms since the epoch of the last change of state. */
  get since(): number {
    return this.#since;
  }

  /** Sessions wait for the node: while it is down, it is probed more often. */
  set isUrgent(isUrgent: boolean) {
    const sooner = isUrgent && !this.#isUrgent && this.#timer !== undefined;
    this.#isUrgent = isUrgent;
    if (sooner) this.#checkLater();
  }

  /** Probes the node now; resolves when it has answered, or is down. Concurrent calls share the probes. */
  check(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#stopWaiting();
    this.#probing ??= this.#probe().finally(() => {
      this.#probing = undefined;
      if (this.#error) this.#checkLater();
    });
    return this.#probing;
  }

  /** As `check`, by a probe that begins now: one on its way may have been answered just before the node died. */
  async recheck(): Promise<void> {
    await this.#probing;
    if (!this.#error) await this.check();
  }

  /** The node has answered. */
  reached(): void {
    if (this.#isKnown && !this.#error) return;
    this.#isKnown = true;
    this.#since = wallClock();
    if (!this.#error) return;
    const { logger, serverUrl, onUp } = this.#setup;
    const downMs = Math.round(performance.now() - this.#downSince);
    this.#error = undefined;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#stopWaiting();
    logger.warn({ serverUrl, downMs }, `The SFU at ${serverUrl} answers again`);
    onUp(downMs);
  }

  /** The node has not answered, or refused a connection. A cancelled attempt says nothing about it. */
  missed(error: unknown): void {
    const err = RelayError.from(error);
    if (this.#closed || !isOfSfu(err)) return;
    if (!this.#error) {
      if (this.#setup.watch) void this.check();
      else this.#down(err);
    } else if (!this.#probing && !this.#timer) this.#checkLater();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#watching);
    this.#stopWaiting();
  }

  #down(error: RelayError): void {
    const { logger, serverUrl, onDown } = this.#setup;
    this.#error = error;
    this.#since = wallClock();
    this.#downSince = performance.now();
    // The error itself would repeat the message.
    logger.warn(
      { serverUrl, code: error.code },
      `The SFU at ${serverUrl} is not available: ${reasonOf(error, serverUrl)}`,
    );
    if (!this.#probing) this.#checkLater();
    onDown(error);
  }

  /** Until there is a verdict. */
  async #probe(): Promise<void> {
    const { watch, probe, takeHeard } = this.#setup;
    for (let misses = 1, wasHeard = false; ; misses += 1) {
      this.#lastProbe = performance.now();
      if (watch && !this.#error && takeHeard()) this.reached();
      const failure = await probe().then(noop, (error) => RelayError.from(error));
      if (!failure || !watch || this.#error || this.#closed || !isOfSfu(failure)) return;
      if (takeHeard()) {
        // Heard during two probes, it lives, whatever has become of them. During one, it may have died since.
        if (wasHeard) return this.reached();
        wasHeard = true;
        misses = 0;
      }
      if (misses === MAX_MISSES) return this.#down(failure);
    }
  }

  /** Any reply proves life, and saves a probe. */
  #look(): void {
    const { takeHeard, isUsed } = this.#setup;
    if (this.#error) return;
    if (takeHeard()) this.reached();
    else if (isUsed() || performance.now() - this.#lastProbe >= UNUSED_INTERVAL_MS) void this.check();
  }

  #stopWaiting(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #checkLater(): void {
    this.#stopWaiting();
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.check();
    }, this.#nextPauseMs());
    this.#timer.unref();
  }

  #nextPauseMs(): number {
    const { watch } = this.#setup;
    if (watch) return watch.intervalMs;
    if (this.#isUrgent) return URGENT_PAUSE_MS;
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    return pauseMs;
  }
}

function isOfSfu({ code }: RelayError): boolean {
  return code.startsWith('ERR_RELAY_SFU');
}

/** A cause that begins with the address is written for operators; the message is for clients. */
function reasonOf({ message, cause }: RelayError, serverUrl: string): string {
  const prefix = `${serverUrl}: `;
  if (cause instanceof Error && cause.message.startsWith(prefix)) return cause.message.slice(prefix.length);
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}
