import { setTimeout as sleep } from 'node:timers/promises';
import type { ResumableClient } from '../support/resumable-client.js';

const RETRY_MS = 2;

/** Resumes the session of a client whenever its connection breaks, and tries again until that has succeeded or was refused. */
export class Comebacks {
  /** Why the session can't be resumed. */
  refusal: string | undefined;
  readonly #client: ResumableClient;
  #isOver = false;
  #isRunning = false;

  constructor(client: ResumableClient) {
    this.#client = client;
    client.onLost = () => void this.#run();
  }

  stop(): void {
    this.#isOver = true;
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (!this.#isOver && !this.#client.isAttached && this.refusal === undefined) {
      try {
        this.refusal = (await this.#client.comeBack()).error?.data.code;
      } catch {
        await sleep(RETRY_MS);
      }
    }
    this.#isRunning = false;
  }
}
