import { unavailable } from '../../../backplane/attempt.js';
import type {
  Backplane,
  MaybePromise,
  MessageKey,
  Outcome,
  RoomChange,
  RoomEntry,
  RoomFields,
  Seat,
} from '../../../backplane/backplane.js';
import type { Replay } from '../../../backplane/waiting.js';
import type { RoomChannel } from '../../../messages/room-channel.js';
import { invalidState } from '../../../protocol/errors.js';
import type { MessageReceipt } from '../../../protocol/types.js';
import type { Room } from '../../../room/room.js';
import { andThen } from '../../../util/is-promise.js';
import { LateSeat } from './late-seat.js';
import { SharedCounts } from './shared-counts.js';
import { SharedReceipts } from './shared-receipts.js';

/** Those who write and are written to. */
interface People {
  readonly processId: string;
  /** Resolves when the session has a seat, or will get none. */
  seated(sessionId: string): MaybePromise<void>;
  /** The seat that a session of this process has, or would have; undefined where it has left. */
  seatFor(sessionId: string): Seat | undefined;
  /** Whether the user is a viewer of another process that is only counted. @throws RelayError */
  isPresent(userId: string): MaybePromise<boolean>;
}

/** The messages of a room go to its log, which has them in one order. */
export class SharedMessages implements RoomChannel {
  readonly #room: Room;
  readonly #people: People;
  readonly #counts: SharedCounts;
  readonly #receipts: SharedReceipts;

  constructor(room: Room, backplane: Backplane, people: People) {
    this.#room = room;
    this.#people = people;
    this.#counts = new SharedCounts(room);
    this.#receipts = new SharedReceipts(room, backplane);
  }

  isPresent(userId: string): MaybePromise<boolean> {
    return this.#people.isPresent(userId);
  }

  publish(sessionId: string | undefined, entry: RoomEntry): MaybePromise<void> {
    if ('count' in entry) return andThen(this.#counts.add(entry.count), requireSeat);
    const { journal } = this.#room;
    const append = () =>
      andThen(
        journal.append(sessionId, entry, () => this.#late(sessionId, entry)),
        requireSeat,
      );
    if (sessionId === undefined || journal.isBehind) return append();
    return andThen(this.#people.seated(sessionId), append);
  }

  once(key: MessageKey, act: () => MessageReceipt | Promise<MessageReceipt>): Promise<MessageReceipt> {
    return this.#receipts.once(key, act);
  }

  /** What the room's log knows of the counted kinds. */
  know(totals: RoomFields['totals'] | RoomChange['totals']): void {
    this.#counts.know(totals);
  }

  /** Appends what has waited from now on. */
  #late(sessionId: string | undefined, entry: RoomEntry): Replay {
    const replay: Replay = (log, operation) => log.append(sessionId, entry, operation);
    if (sessionId === undefined || !('message' in entry)) return replay;
    const { message, once } = entry;
    const { processId, seatFor } = this.#people;
    const userId = message.from?.userId ?? '';
    const sender = { sessionId, userId, processId, seat: () => seatFor(sessionId) };
    const seat = new LateSeat(sender, this.#room.log.state);
    return (log, operation) => {
      const append = () => seat.append(log, () => replay(log, operation));
      const { id, at } = message;
      return once ? this.#receipts.late(once, { id, at }, log, append) : append();
    };
  }
}

/** @throws RelayError */
function requireSeat({ refused }: Outcome): void {
  if (!refused) return;
  if (refused.code === 'ERR_RELAY_SESSION_NOT_FOUND') throw invalidState('The session has ended.');
  // The process is not one of those that share the room at the moment.
  throw refused.code === 'ERR_RELAY_CLOSED' ? unavailable(refused) : refused;
}
