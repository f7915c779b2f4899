import type {
  Outcome,
  Propose,
  RoomEntry,
  RoomFields,
  RoomLog,
  RoomSink,
} from '../../../backplane/backplane.js';
import { notOpen } from '../../../backplane/refusals.js';
import { type Tell, tellSafely } from '../../../backplane/tell.js';
import type { Logger } from '../../../util/logger.js';
import type { Operation } from './room-batch.js';
import type { SharedRoom } from './shared-room.js';

/** The process whose log it is. */
interface Owner {
  readonly logger: Logger;
  /** Whether the others may take the process for dead. */
  readonly isFenced: boolean;
  closed(log: RedisLog): void;
}

/** What an operation is, but for its bookkeeping. */
type Wish = Pick<Operation, 'propose'> | Pick<Operation, 'session' | 'entry'>;

let logCount = 0;
let operationCount = 0;

/** A process's log of a room in Redis. */
export class RedisLog implements RoomLog {
  readonly room: SharedRoom;
  readonly #sink: RoomSink;
  readonly #owner: Owner;
  readonly #number: number;
  #isClosed = false;

  constructor(room: SharedRoom, sink: RoomSink, owner: Owner) {
    logCount += 1;
    this.#number = logCount;
    this.room = room;
    this.#sink = sink;
    this.#owner = owner;
    room.add(this);
  }

  get state(): RoomFields {
    return this.room.fields;
  }

  get kin(): string {
    return this.room.kin;
  }

  commit(propose: Propose, operation?: number): Promise<Outcome> {
    return this.#do({ propose }, operation);
  }

  append(sessionId: string | undefined, entry: RoomEntry, operation?: number): Promise<Outcome> {
    return this.#do({ session: sessionId, entry }, operation);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.room.readers.delete(this);
    this.#owner.closed(this);
  }

  tell(tell: Tell): void {
    if (this.#isClosed) return;
    tellSafely(this.#sink, tell, this.#owner.logger);
  }

  async #do(wish: Wish, operation: number | undefined): Promise<Outcome> {
    if (this.#isClosed || this.#owner.isFenced) return { refused: notOpen() };
    const { room } = this;
    const key = this.#keyOf(operation);
    const before = room.outcomeOf(key);
    if (before) return before;
    return new Promise((settle, fail) => {
      room.do({ ...wish, key, isRepeated: room.isDoubtful(key), settle, fail });
    });
  }

  /** Only with a number can an operation be repeated. */
  #keyOf(operation: number | undefined): string {
    if (operation !== undefined) return `${this.room.feed}.${this.#number}.${operation}`;
    operationCount += 1;
    return `${this.room.feed}_${operationCount}`;
  }
}
