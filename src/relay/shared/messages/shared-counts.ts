import type {
  MaybePromise,
  MessageCount,
  Outcome,
  RoomChange,
  RoomFields,
} from '../../../backplane/backplane.js';
import { UNCHANGED } from '../../../backplane/room-change.js';
import type { Room } from '../../../room/room.js';
import { andThen, disregard } from '../../../util/is-promise.js';

/** Messages of a counted kind that wait for the log, and of which the room was told here. */
interface WaitingCount {
  readonly kind: string;
  count: number;
  /** They are on their way: the log may have them. */
  hasBegun: boolean;
}

/** The counted messages of a room, which add up in its log. */
export class SharedCounts {
  readonly #room: Room;
  readonly #waiting = new Set<WaitingCount>();

  constructor(room: Room) {
    this.#room = room;
  }

  /** @throws RelayError by the promise */
  add({ kind, count }: MessageCount): MaybePromise<Outcome> {
    const waiting = [...this.#waiting].find((each) => each.kind === kind && !each.hasBegun);
    if (waiting) {
      waiting.count += count;
      this.#show(kind, count);
      return UNCHANGED;
    }
    const own: WaitingCount = { kind, count, hasBegun: false };
    const told = this.#room.journal.later((log, operation) => {
      own.hasBegun = true;
      return log.commit((state) => this.#propose(own, state), operation);
    });
    return andThen(told, (outcome) => {
      if (outcome.refused) return outcome;
      // Who leaves as the last one is not told any more, and has to know.
      if (!outcome.later) this.know(outcome.change.totals);
      else if (!own.hasBegun) this.#wait(own, outcome.later);
      return outcome;
    });
  }

  /** What the log knows of the counted kinds. */
  know(totals: RoomFields['totals'] | RoomChange['totals']): void {
    for (const [kind, total] of totals ?? []) {
      if (total === undefined) continue;
      const ahead = this.#sum(kind, ({ hasBegun }) => !hasBegun);
      this.#room.messages.total(kind, total + ahead);
    }
  }

  #wait(own: WaitingCount, later: Promise<Outcome>): void {
    this.#waiting.add(own);
    this.#show(own.kind, own.count);
    const known = later.then(() => {
      this.#waiting.delete(own);
      this.know(this.#room.log.state.totals);
    });
    disregard(known);
  }

  #show(kind: string, count: number): void {
    const { messages } = this.#room;
    messages.total(kind, messages.totalOf(kind) + count);
  }

  /** The messages of a room outlive its log in the processes that had it. */
  #propose({ kind, count }: WaitingCount, { totals }: RoomFields): RoomChange {
    const here = this.#room.messages.totalOf(kind) - this.#sum(kind, () => true);
    return { totals: new Map([[kind, Math.max(totals?.get(kind) ?? 0, here) + count]]) };
  }

  #sum(kind: string, isMeant: (waiting: WaitingCount) => boolean): number {
    let sum = 0;
    for (const each of this.#waiting) if (each.kind === kind && isMeant(each)) sum += each.count;
    return sum;
  }
}
