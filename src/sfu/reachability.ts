import { RelayError } from '../protocol/errors.js';
import type { Logger } from '../util/logger.js';

/** Bounds of the exponential backoff between probes of an unreachable SFU. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;

interface Setup {
  serverUrl: string;
  logger: Logger;
  /** Rejects where the SFU does not answer; reports its result by `reached` or `missed`. */
  probe(): Promise<void>;
}

/**
 * Logs once when the SFU becomes unreachable, and once when it is reachable again. In between it probes the SFU, as no join may
 * happen to find out.
 */
export class Reachability {
  readonly #setup: Setup;
  #downSince: number | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #isProbing = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  /** Probes the SFU now. */
  check(): void {
    if (this.#closed || this.#isProbing) return;
    this.#isProbing = true;
    this.#stopWaiting();
    this.#setup
      .probe()
      .catch(() => {})
      .finally(() => {
        this.#isProbing = false;
        if (this.#downSince !== undefined) this.#checkLater();
      });
  }

  reached(): void {
    if (this.#downSince === undefined) return;
    const { logger, serverUrl } = this.#setup;
    const downMs = Math.round(performance.now() - this.#downSince);
    this.#downSince = undefined;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#stopWaiting();
    logger.warn({ serverUrl, downMs }, `The SFU at ${serverUrl} answers again`);
  }

  /** A cancelled attempt says nothing about the SFU. */
  missed(error: unknown): void {
    const err = RelayError.from(error);
    if (this.#closed || !err.code.startsWith('ERR_RELAY_SFU')) return;
    const isNew = this.#downSince === undefined;
    this.#downSince ??= performance.now();
    if (!this.#isProbing && !this.#timer) this.#checkLater();
    if (!isNew) return;
    const { logger, serverUrl } = this.#setup;
    // The error itself would repeat the message.
    logger.warn(
      { serverUrl, code: err.code },
      `The SFU at ${serverUrl} is not available: ${reasonOf(err, serverUrl)}`,
    );
  }

  close(): void {
    this.#closed = true;
    this.#stopWaiting();
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
      this.check();
    }, this.#pauseMs);
    this.#timer.unref();
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
  }
}

/** A cause that begins with the address is written for operators; the message is for clients. */
function reasonOf({ message, cause }: RelayError, serverUrl: string): string {
  const prefix = `${serverUrl}: `;
  if (cause instanceof Error && cause.message.startsWith(prefix)) return cause.message.slice(prefix.length);
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}
