import type { Logger } from '../../util/logger.js';
import type { Outcome, Propose, RoomEntry, RoomFields, RoomLog, RoomSink } from '../backplane.js';
import { notOpen } from '../refusals.js';
import { type Tell, tellSafely } from '../tell.js';
import type { MemoryRoom } from './memory-room.js';

/** The process whose log it is. */
interface Owner {
  readonly logger: Logger;
  /** Whether the others may take the process for dead. */
  readonly isFenced: boolean;
  closed(log: MemoryLog): void;
}

/** A process's log of a room in the memory. */
export class MemoryLog implements RoomLog {
  readonly room: MemoryRoom;
  since = 0;
  readonly #sink: RoomSink;
  readonly #owner: Owner;
  #isClosed = false;
  /** The last operation, and its outcome. */
  #last: { readonly operation: number; readonly outcome: Outcome } | undefined;

  constructor(room: MemoryRoom, sink: RoomSink, owner: Owner) {
    this.room = room;
    this.#sink = sink;
    this.#owner = owner;
    room.add(this);
  }

  get state(): RoomFields {
    return this.room.state;
  }

  commit(propose: Propose, operation?: number): Outcome {
    return this.#once(operation, () => this.room.commit(propose));
  }

  append(sessionId: string | undefined, entry: RoomEntry, operation?: number): Outcome {
    return this.#once(operation, () => this.room.append(sessionId, entry));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { readers } = this.room;
    readers.splice(readers.indexOf(this), 1);
    this.#owner.closed(this);
  }

  tell(tell: Tell): void {
    if (this.#isClosed) return;
    tellSafely(this.#sink, tell, this.#owner.logger);
  }

  #once(operation: number | undefined, act: () => Outcome): Outcome {
    if (this.#isClosed || this.#owner.isFenced) return { refused: notOpen() };
    if (operation !== undefined && this.#last?.operation === operation) return this.#last.outcome;
    const outcome = act();
    if (operation !== undefined && !outcome.refused) this.#last = { operation, outcome };
    return outcome;
  }
}
