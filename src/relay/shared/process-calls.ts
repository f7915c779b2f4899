import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Backplane } from '../../backplane/backplane.js';
import { RelayError } from '../../protocol/errors.js';
import { isRecord } from '../../util/is-record.js';
import type { Logger } from '../../util/logger.js';
import { FORMAT } from './formats.js';

/** ms within which a process has to answer. */
const TIMEOUT_MS = 5_000;
const MAX_ATTEMPTS = 6;
const RETRY_MS = 50;
/** How often a process is asked that does not answer: one that has died is gone by then. */
const MAX_ASKED = 2;
/** So many of the newest requests are known, as a request may come twice: those of the seconds for which it is sent again. */
const MAX_KNOWN = 10_000;

/** What other processes may ask for, by name. A process that has no answer in time may ask again. */
export type Answers = Readonly<Record<string, (params: Readonly<Record<string, unknown>>) => unknown>>;

interface Pending {
  resolve(result: unknown): void;
  reject(error: unknown): void;
  readonly timer: NodeJS.Timeout;
}

/** Requests between processes, and their responses. */
export class ProcessCalls {
  readonly #backplane: Backplane;
  readonly #processId: string;
  readonly #answers: Answers;
  readonly #logger: Logger;
  readonly #pending = new Map<string, Pending>();
  /** The ids of requests of the others, the oldest first. */
  readonly #known = new Set<string>();

  constructor(backplane: Backplane, processId: string, answers: Answers, logger: Logger) {
    this.#backplane = backplane;
    this.#processId = processId;
    this.#answers = answers;
    this.#logger = logger;
  }

  /** A text of another process. */
  receive(text: string): void {
    const message: unknown = JSON.parse(text);
    if (!isRecord(message) || message.format !== FORMAT) return;
    if (typeof message.method !== 'string') this.#settle(message);
    else if (this.#isNew(String(message.id))) void this.#answer(message);
  }

  #isNew(id: string): boolean {
    if (this.#known.has(id)) return false;
    this.#known.add(id);
    const [oldest] = this.#known;
    if (oldest !== undefined && this.#known.size > MAX_KNOWN) this.#known.delete(oldest);
    return true;
  }

  /**
   * Asks a process.
   * @throws RelayError that of the process, or `ERR_RELAY_UNAVAILABLE`, which is retryable
   */
  async ask(processId: string, method: string, params: object, timeoutMs = TIMEOUT_MS): Promise<unknown> {
    const id = randomUUID();
    const answer = new Promise<unknown>((resolve, reject) => {
      const late = () => this.#settle({ id, error: { code: 'ERR_RELAY_UNAVAILABLE', message: GONE } });
      this.#pending.set(id, { resolve, reject, timer: setTimeout(late, timeoutMs).unref() });
    });
    answer.catch(() => {});
    const isThere = await this.#send(processId, {
      format: FORMAT,
      id,
      from: this.#processId,
      method,
      params,
    });
    if (!isThere) this.#settle({ id, error: { code: 'ERR_RELAY_UNAVAILABLE', message: GONE } });
    return answer;
  }

  /**
   * Asks a process until it answers, or is gone.
   * @throws RelayError as `ask`, where it lives and does not answer
   */
  async askLiving(processId: string, method: string, params: object): Promise<void> {
    for (let n = 1; ; n += 1) {
      try {
        await this.ask(processId, method, params);
        return;
      } catch (error) {
        if (!this.#others.includes(processId)) return;
        if (n === MAX_ASKED) throw error;
      }
    }
  }

  /** As `askLiving`, of all other processes at once. */
  async askAllLiving(method: string, params: object): Promise<void> {
    await Promise.all(this.#others.map((processId) => this.askLiving(processId, method, params)));
  }

  /** Asks all other processes. Those that fail have been logged. */
  async askAll(method: string, params: object): Promise<PromiseSettledResult<unknown>[]> {
    return Promise.allSettled(this.#others.map((processId) => this.ask(processId, method, params)));
  }

  /**
   * Asks the other processes for what only one of them can do.
   * @returns false where none can
   * @throws RelayError
   */
  async anywhere(method: string, params: object): Promise<boolean> {
    const answers = await this.askAll(method, params);
    if (answers.some((each) => each.status === 'fulfilled' && each.value === true)) return true;
    for (const each of answers) if (each.status === 'rejected') throw each.reason;
    return false;
  }

  /** The answers of the other processes that come in time. */
  async pollAll(method: string, params: object, ms: number): Promise<unknown[]> {
    const answers: unknown[] = [];
    const asked = this.#others.map(async (processId) =>
      answers.push(await this.ask(processId, method, params)),
    );
    await Promise.race([Promise.allSettled(asked), sleep(ms, undefined, { ref: false })]);
    return answers.slice();
  }

  get #others(): string[] {
    const ids = this.#backplane.processes().map(({ processId }) => processId);
    return ids.filter((processId) => processId !== this.#processId);
  }

  close(): void {
    for (const id of [...this.#pending.keys()])
      this.#settle({ id, error: { code: 'ERR_RELAY_CLOSED', message: 'This relay is closing.' } });
  }

  async #answer({ id, from, method, params }: Record<string, unknown>): Promise<void> {
    let response: object;
    try {
      const result = await this.#answers[method as string]?.(isRecord(params) ? params : {});
      response = { format: FORMAT, id, result };
    } catch (error) {
      const { code, message } = RelayError.from(error);
      response = { format: FORMAT, id, error: { code, message } };
    }
    await this.#send(String(from), response);
  }

  #settle({ id, result, error }: Record<string, unknown>): void {
    const pending = this.#pending.get(String(id));
    if (!pending) return;
    this.#pending.delete(String(id));
    clearTimeout(pending.timer);
    if (!isRecord(error)) pending.resolve(result);
    else pending.reject(new RelayError(String(error.code), String(error.message)));
  }

  /** Returns false where there is no such process, or it can't be reached. */
  async #send(processId: string, message: object): Promise<boolean> {
    for (let n = 0; ; n += 1) {
      try {
        return await this.#backplane.send(processId, JSON.stringify(message));
      } catch (error) {
        if (n + 1 < MAX_ATTEMPTS) {
          await sleep(RETRY_MS);
          continue;
        }
        this.#logger.warn({ err: error, processId }, 'Another process could not be reached');
        return false;
      }
    }
  }
}

const GONE = 'Another process of the relay does not answer.';
