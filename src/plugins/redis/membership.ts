import type { Membership, ProcessCard } from '../../backplane/backplane.js';
import { RelayError } from '../../protocol/errors.js';
import { Cancellation } from '../../util/cancellation.js';
import { Deadline } from '../../util/deadline.js';
import { redisKey } from '../../util/redis-key.js';
import type { ProcessKeys } from './connection/keys.js';

/** ms after which a lease ends by Redis's clock. */
export const LEASE_MS = 5_000;
/** ms after the start of the last renewal, by the own clock: earlier than the others can notice. */
const LOST_MS = 4_000;

/** The time of a process among the others, from `enter` until it is lost. */
export class RedisMembership implements Membership {
  readonly processId: string;
  /** The id in keys and fields: without separators. */
  readonly process: string;
  readonly keys: ProcessKeys;
  readonly fence: number;
  readonly lost = new Cancellation();
  /** None for a process that has not announced itself. */
  card: ProcessCard | undefined;
  readonly #updated: () => void;
  #renewedAt: number;
  #deadline: Deadline | undefined;

  /**
   * @param startedAt when the lease was asked for
   * @param updated is called when the card has changed
   */
  constructor(
    processId: string,
    keys: ProcessKeys,
    fence: number,
    startedAt: number,
    card: ProcessCard | undefined,
    updated: () => void,
  ) {
    this.processId = processId;
    this.process = redisKey(processId);
    this.keys = keys;
    this.fence = fence;
    this.card = card;
    this.#updated = updated;
    this.#renewedAt = startedAt;
    this.renewed(startedAt);
  }

  get fenceText(): string {
    return String(this.fence);
  }

  /** Exact at any moment: a process that was suspended finds out before its timers. */
  get isLost(): boolean {
    if (performance.now() - this.#renewedAt > LOST_MS) this.end();
    return this.lost.aborted;
  }

  update(card: ProcessCard): void {
    this.card = card;
    if (!this.lost.aborted) this.#updated();
  }

  /** @param startedAt when the successful renewal began */
  renewed(startedAt: number): void {
    this.#deadline?.cancel();
    if (this.lost.aborted) return;
    this.#renewedAt = startedAt;
    const remainingMs = Math.max(1, LOST_MS - (performance.now() - startedAt));
    this.#deadline = new Deadline(() => this.end(), remainingMs).unref();
  }

  end(): void {
    this.#deadline?.cancel();
    this.lost.abort(membershipLost);
  }
}

function membershipLost(): RelayError {
  return new RelayError('ERR_RELAY_CLOSED', 'The process is no longer one of those that share the rooms.');
}
