import type {
  MaybePromise,
  Outcome,
  RoomChange,
  RoomFields,
  RoomLog,
  Seat,
} from '../../../backplane/backplane.js';
import { noSeat } from '../../../backplane/refusals.js';
import { lastKick } from '../../../room/moderation/kicks.js';

/** A session that has sent something which the log gets late. */
interface LateSender {
  readonly sessionId: string;
  readonly userId: string;
  readonly processId: string;
  /** The seat that it has, or would have; undefined where it has left. */
  readonly seat: () => Seat | undefined;
}

/**
 * Without a seat nothing is told to a room. The sender may have left meanwhile, or have had none before: it gets one, unless its user
 * has been removed since then.
 */
export class LateSeat {
  readonly #sender: LateSender;
  /** The number of the newest removal when it was sent. */
  readonly #kicks: number;
  #isGiven = false;

  constructor(sender: LateSender, state: RoomFields) {
    this.#sender = sender;
    this.#kicks = lastKick(state);
  }

  /** May be called again with what it has appended. */
  async append(log: RoomLog, append: () => MaybePromise<Outcome>): Promise<Outcome> {
    let outcome = await append();
    if (outcome.refused?.code === 'ERR_RELAY_SESSION_NOT_FOUND') {
      const { refused } = await log.commit((state) => this.#take(state));
      if (refused) return { refused };
      this.#isGiven = true;
      outcome = await append();
    }
    if (this.#isGiven && !this.#sender.seat()) await log.commit((state) => this.#leave(state));
    return outcome;
  }

  #take({ seats, kicks }: RoomFields) {
    const { sessionId, userId, processId, seat } = this.#sender;
    if ((kicks?.get(userId)?.number ?? 0) > this.#kicks) return { refused: noSeat() };
    if (seats?.has(sessionId)) return {};
    return { seats: new Map([[sessionId, seat() ?? { userId, processId, hidden: true }]]) };
  }

  #leave({ seats }: RoomFields): RoomChange {
    const { sessionId, processId } = this.#sender;
    const isOwn = seats?.get(sessionId)?.processId === processId;
    return isOwn ? { seats: new Map([[sessionId, undefined]]) } : {};
  }
}
