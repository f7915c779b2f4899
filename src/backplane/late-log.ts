import { isPromise } from '../util/is-promise.js';
import { SerialQueue } from '../util/serial-queue.js';
import { attempt, unavailable } from './attempt.js';
import type {
  Backplane,
  MaybePromise,
  Outcome,
  Propose,
  RoomEntry,
  RoomFields,
  RoomLog,
  RoomSink,
} from './backplane.js';
import { Journal, plainJournal, type RoomJournal } from './journal.js';
import { notOpen } from './refusals.js';

const EMPTY: RoomFields = { generation: 0 };

/** Of all logs of this process: a room that is opened again must not take an operation for an earlier one. */
let operations = 0;

export interface OpenLog {
  readonly log: RoomLog;
  readonly journal: RoomJournal;
  readonly opened?: Promise<unknown>;
}

/** Opens a room's log: a log that answers at once where the backplane does, otherwise one that can be used before it is open. */
export function openLog(backplane: Backplane, roomId: string, sink: RoomSink): OpenLog {
  const { outage } = backplane;
  const journal = outage && new Journal(roomId, sink, outage);
  const open = () => {
    // Who comes again would hear what waits a second time, and not know of a lock that waits.
    const isLeft = outage?.left.has(roomId);
    return isLeft
      ? Promise.reject(unavailable(new Error('what was done in the room waits')))
      : backplane.open(roomId, journal ?? sink);
  };
  const log = open();
  if (!isPromise(log)) return { log, journal: plainJournal(log) };
  const late = new LateLog(log, open);
  journal?.begin(late);
  return { log: late, journal: journal ?? plainJournal(late), opened: late.opened };
}

/**
 * A log over a network. Its operations wait until it is open, and for each other, as a backplane remembers the last operation
 * only: one whose reply is lost is repeated, and done once.
 */
class LateLog implements RoomLog {
  /** Settles when the log is open. */
  readonly opened: Promise<unknown>;
  readonly #queue = new SerialQueue();
  #log: RoomLog | undefined;
  #isClosed = false;

  constructor(first: PromiseLike<RoomLog>, open: () => MaybePromise<RoomLog>) {
    let pending: PromiseLike<RoomLog> | undefined = first;
    this.opened = this.#queue.run(async () =>
      attempt(async () => {
        const opening = pending ?? open();
        pending = undefined;
        this.#log = await opening;
      }),
    );
    this.opened.catch(() => {});
  }

  get isOpen(): boolean {
    return this.#log !== undefined;
  }

  get state(): RoomFields {
    return this.#log?.state ?? EMPTY;
  }

  get kin(): string | undefined {
    return this.#log?.kin;
  }

  commit(propose: Propose): Promise<Outcome> {
    return this.run((log, operation) => log.commit(propose, operation));
  }

  append(sessionId: string | undefined, entry: RoomEntry): Promise<Outcome> {
    return this.run((log, operation) => log.append(sessionId, entry, operation));
  }

  /** After the operations that have begun. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    void this.#queue.run(async () => this.#log?.close());
  }

  nextOperation(): number {
    operations += 1;
    return operations;
  }

  /** @param isOver whether it is not tried any more */
  run(
    act: (log: RoomLog, operation: number) => MaybePromise<Outcome>,
    operation = this.nextOperation(),
    isOver?: () => boolean,
  ): Promise<Outcome> {
    if (this.#isClosed) return Promise.resolve({ refused: notOpen() });
    return this.#queue.run(async () => {
      const log = this.#log;
      if (!log) throw unavailable(new Error('the room could not be opened'));
      if (isOver?.()) throw unavailable(new Error('what the processes share is away'));
      return attempt(async () => act(log, operation), isOver);
    });
  }
}
