import { RelayError } from '../../../protocol/errors.js';

interface LongCallsSetup {
  ask(processId: string, method: string, params: object, timeoutMs?: number): Promise<unknown>;
  isAlive(processId: string): boolean;
}

/** Requests to other processes that may take long: they fail as soon as the process is gone. */
export class LongCalls {
  readonly #setup: LongCallsSetup;
  readonly #pending = new Set<{ readonly processId: string; fail(error: RelayError): void }>();

  constructor(setup: LongCallsSetup) {
    this.#setup = setup;
  }

  /** @throws RelayError that of the process, or `ERR_RELAY_UNAVAILABLE` */
  async ask(processId: string, method: string, params: object, timeoutMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const pending = { processId, fail: reject };
      this.#pending.add(pending);
      this.#setup
        .ask(processId, method, params, timeoutMs)
        .then(resolve, reject)
        .finally(() => this.#pending.delete(pending));
    });
  }

  /** Once a second. */
  beat(): void {
    // Thousands of streams may wait for the same process.
    const gone = new Set([...this.#pending].map(({ processId }) => processId));
    for (const processId of gone) if (this.#setup.isAlive(processId)) gone.delete(processId);
    for (const pending of this.#pending) {
      if (!gone.has(pending.processId)) continue;
      this.#pending.delete(pending);
      pending.fail(processGone());
    }
  }
}

function processGone(): RelayError {
  return new RelayError('ERR_RELAY_UNAVAILABLE', GONE);
}

const GONE =
  'The process that has this session does not answer. If that lasts, join again, and let the new session replace this one.';
