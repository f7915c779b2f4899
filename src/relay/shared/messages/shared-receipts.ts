import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { attempt, isUnavailable, unavailable } from '../../../backplane/attempt.js';
import type { Backplane, MaybePromise, MessageKey, Outcome, RoomLog } from '../../../backplane/backplane.js';
import type { MessageReceipt } from '../../../protocol/types.js';
import type { Room } from '../../../room/room.js';
import { noop } from '../../../util/noop.js';

/** ms for which other processes know what was sent, as in `Receipts`. */
const KEPT_MS = 10 * 60_000;
/** ms between two looks at what another process makes of the same message, and how often that is done. */
const LOOK_MS = 50;
const MAX_LOOKS = 100;

/** The receipts of a room's messages that are processed once for all processes. */
export class SharedReceipts {
  readonly #room: Room;
  readonly #backplane: Backplane;

  constructor(room: Room, backplane: Backplane) {
    this.#room = room;
    this.#backplane = backplane;
  }

  /**
   * Processes a message, unless another process has done so: returns the receipt then. While the others cannot be asked, it is
   * processed here.
   */
  async once(key: MessageKey, act: () => MessageReceipt | Promise<MessageReceipt>): Promise<MessageReceipt> {
    let hasBegun = this.#isAway();
    if (hasBegun) return act();
    const begin = () => {
      hasBegun = true;
      return act();
    };
    try {
      return await this.#once(key, begin);
    } catch (error) {
      if (hasBegun || !this.#isAway() || !isUnavailable(error)) throw error;
      return act();
    }
  }

  /** A message that is told to the others late, unless one of them has processed it meanwhile. */
  async late(
    key: MessageKey,
    receipt: MessageReceipt,
    log: RoomLog,
    append: () => MaybePromise<Outcome>,
  ): Promise<Outcome> {
    let outcome: Outcome | undefined;
    const tell = async () => {
      outcome = await append();
      if (outcome.refused) throw outcome.refused;
      return receipt;
    };
    try {
      const { id } = await this.#once(key, tell);
      // This process has given its receipt already: the others could be asked again, and earlier messages still waited.
      if (!outcome && id === receipt.id) await tell();
    } catch (error) {
      if (!outcome?.refused) throw error;
    }
    // What the other process has told comes before this one forgets that its sessions know it.
    return outcome ?? log.commit(() => ({}));
  }

  readonly #isAway = () => this.#room.journal.isAway;

  async #once(
    [userId, id]: MessageKey,
    act: () => MessageReceipt | Promise<MessageReceipt>,
  ): Promise<MessageReceipt> {
    const key = `receipt ${JSON.stringify([this.#room.id, userId, id])}`;
    const own = randomUUID();
    for (let n = 0; n < MAX_LOOKS; n += 1) {
      if (await attempt(() => this.#backplane.reserve(key, own, 1), this.#isAway)) {
        try {
          return (await this.#known(key)) ?? (await this.#receipt(key, await act()));
        } finally {
          this.#backplane.release(key, own);
        }
      }
      const known = await this.#known(key);
      if (known) return known;
      await sleep(LOOK_MS);
    }
    throw unavailable(new Error('another process has not finished with the same message'));
  }

  async #known(key: string): Promise<MessageReceipt | undefined> {
    const text = await attempt(() => this.#backplane.get(key), this.#isAway);
    return text === undefined ? undefined : (JSON.parse(text) as MessageReceipt);
  }

  async #receipt(key: string, receipt: MessageReceipt): Promise<MessageReceipt> {
    // It has happened: where the others can't be told, this process knows it by its own receipts.
    const put = async () => this.#backplane.put(key, JSON.stringify(receipt), KEPT_MS);
    if (!this.#isAway()) await Promise.resolve(attempt(put, this.#isAway)).catch(noop);
    return receipt;
  }
}
