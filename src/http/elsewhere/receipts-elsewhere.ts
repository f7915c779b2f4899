import { RelayError } from '../../protocol/errors.js';
import type { SessionsElsewhere } from '../../relay/shared/handover/sessions-elsewhere.js';
import type { ApiResponse } from '../exchange.js';
import type { RepeatedRequest } from '../idempotency/repeated-request.js';

/** ms that a process has for a response which it may not have yet. */
const ANSWER_MS = 30_000;

/** The responses to requests with an `Idempotency-Key` that other processes have executed. */
export class ReceiptsElsewhere {
  readonly #elsewhere: SessionsElsewhere | undefined;
  readonly #retentionMs: number;

  /** @param elsewhere undefined where this process is the only one */
  constructor(elsewhere: SessionsElsewhere | undefined, retentionMs: number) {
    this.#elsewhere = elsewhere;
    this.#retentionMs = retentionMs;
  }

  /**
   * Of a request that creates a session: nothing but the key says where it was executed.
   * @returns undefined where this process is to execute it
   * @throws RelayError `ERR_RELAY_UNAVAILABLE`
   */
  async ofCreation(repeated: RepeatedRequest): Promise<ApiResponse | undefined> {
    const elsewhere = this.#elsewhere;
    if (!elsewhere) return undefined;
    const name = `receipt ${Buffer.from(repeated.id, 'latin1').toString('base64url')}`;
    let claim = await elsewhere.claim(name, this.#retentionMs);
    while (claim) {
      const response = await this.#ask(elsewhere, claim.processId, repeated);
      if (response) return response;
      // It has died, or has not kept the response, as the session has ended.
      claim = await elsewhere.claim(name, this.#retentionMs, claim);
    }
    return undefined;
  }

  /** Of a request for a session that has ended: whichever process had it. */
  async ofEnded(repeated: RepeatedRequest): Promise<ApiResponse | undefined> {
    const elsewhere = this.#elsewhere;
    if (!elsewhere) return undefined;
    const asked = elsewhere.others.map((each) => this.#ask(elsewhere, each, repeated));
    return (await Promise.all(asked)).find((response) => response !== undefined);
  }

  /** @returns undefined where the process has no response, or is gone */
  async #ask(
    elsewhere: SessionsElsewhere,
    processId: string,
    repeated: RepeatedRequest,
  ): Promise<ApiResponse | undefined> {
    try {
      return (await elsewhere.ask(processId, 'httpRepeat', repeated, ANSWER_MS)) as ApiResponse | undefined;
    } catch (error) {
      if (RelayError.from(error).code !== 'ERR_RELAY_UNAVAILABLE' || elsewhere.isAlive(processId))
        throw error;
      return undefined;
    }
  }
}
