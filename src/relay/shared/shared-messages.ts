import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { attempt, unavailable } from '../../backplane/attempt.js';
import type {
  Backplane,
  MaybePromise,
  Outcome,
  RoomChange,
  RoomEntry,
  RoomFields,
} from '../../backplane/backplane.js';
import type { RoomChannel } from '../../messages/room-channel.js';
import { invalidState } from '../../protocol/errors.js';
import type { MessageReceipt } from '../../protocol/types.js';
import type { Room } from '../../room/room.js';
import { andThen } from '../../util/is-promise.js';
import { noop } from '../../util/noop.js';

/** ms for which other processes know what was sent, as in `Receipts`. */
const KEPT_MS = 10 * 60_000;
/** ms between two looks at what another process makes of the same message, and how often that is done. */
const LOOK_MS = 50;
const MAX_LOOKS = 100;

/** Those who write and are written to. */
interface People {
  /** Resolves when the session has a seat, or will get none. */
  seated(sessionId: string): MaybePromise<void>;
  /** Whether the user is a viewer of another process that is only counted. @throws RelayError */
  isPresent(userId: string): MaybePromise<boolean>;
}

/** The messages of a room go to its log, which has them in one order. */
export class SharedMessages implements RoomChannel {
  readonly #room: Room;
  readonly #backplane: Backplane;
  readonly #people: People;

  constructor(room: Room, backplane: Backplane, people: People) {
    this.#room = room;
    this.#backplane = backplane;
    this.#people = people;
  }

  isPresent(userId: string): MaybePromise<boolean> {
    return this.#people.isPresent(userId);
  }

  publish(sessionId: string | undefined, entry: RoomEntry): MaybePromise<void> {
    const { log } = this.#room;
    if ('count' in entry)
      return andThen(log.commit(this.#counting(entry.count)), (outcome) => this.#counted(outcome));
    const append = () => andThen(log.append(sessionId, entry), requireSeat);
    return sessionId === undefined ? append() : andThen(this.#people.seated(sessionId), append);
  }

  async once(
    userId: string,
    id: string,
    act: () => MessageReceipt | Promise<MessageReceipt>,
  ): Promise<MessageReceipt> {
    const key = `receipt ${JSON.stringify([this.#room.id, userId, id])}`;
    const own = randomUUID();
    for (let n = 0; n < MAX_LOOKS; n += 1) {
      if (await attempt(() => this.#backplane.reserve(key, own, 1))) {
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

  /** What the room's log knows of the counted kinds. */
  know(totals: RoomFields['totals'] | RoomChange['totals']): void {
    for (const [kind, total] of totals ?? []) if (total !== undefined) this.#room.messages.total(kind, total);
  }

  async #known(key: string): Promise<MessageReceipt | undefined> {
    const text = await attempt(() => this.#backplane.get(key));
    return text === undefined ? undefined : (JSON.parse(text) as MessageReceipt);
  }

  async #receipt(key: string, receipt: MessageReceipt): Promise<MessageReceipt> {
    // It has happened: where the others can't be told, this process knows it by its own receipts.
    await Promise.resolve(attempt(() => this.#backplane.put(key, JSON.stringify(receipt), KEPT_MS))).catch(
      noop,
    );
    return receipt;
  }

  /** The messages of a room outlive its log in the processes that had it. */
  #counting({ kind, count }: { kind: string; count: number }) {
    return ({ totals }: RoomFields): RoomChange => {
      const before = Math.max(totals?.get(kind) ?? 0, this.#room.messages.totalOf(kind));
      return { totals: new Map([[kind, before + count]]) };
    };
  }

  /** Who leaves as the last one is not told any more, and has to know. */
  #counted(outcome: Outcome): void {
    requireSeat(outcome);
    if ('change' in outcome) this.know(outcome.change.totals);
  }
}

/** @throws RelayError */
function requireSeat({ refused }: Outcome): void {
  if (!refused) return;
  if (refused.code === 'ERR_RELAY_SESSION_NOT_FOUND') throw invalidState('The session has ended.');
  // The process is not one of those that share the room at the moment.
  throw refused.code === 'ERR_RELAY_CLOSED' ? unavailable(refused) : refused;
}
