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
import { notOpen } from './refusals.js';

const EMPTY: RoomFields = { generation: 0 };

/** Of all logs of this process: a room that is opened again must not take an operation for an earlier one. */
let operations = 0;

/** Opens a room's log: a log that answers at once where the backplane does, otherwise one that can be used before it is open. */
export function openLog(
  backplane: Backplane,
  roomId: string,
  sink: RoomSink,
): { readonly log: RoomLog; readonly opened?: Promise<unknown> } {
  const log = backplane.open(roomId, sink);
  if (!isPromise(log)) return { log };
  const late = new LateLog(log, () => backplane.open(roomId, sink));
  return { log: late, opened: late.opened };
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

  get state(): RoomFields {
    return this.#log?.state ?? EMPTY;
  }

  commit(propose: Propose): Promise<Outcome> {
    return this.#run((log, operation) => log.commit(propose, operation));
  }

  append(sessionId: string | undefined, entry: RoomEntry): Promise<Outcome> {
    return this.#run((log, operation) => log.append(sessionId, entry, operation));
  }

  /** After the operations that have begun. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    void this.#queue.run(async () => this.#log?.close());
  }

  #run(act: (log: RoomLog, operation: number) => MaybePromise<Outcome>): Promise<Outcome> {
    if (this.#isClosed) return Promise.resolve({ refused: notOpen() });
    return this.#queue.run(async () => {
      const log = this.#log;
      if (!log) throw unavailable(new Error('the room could not be opened'));
      operations += 1;
      const operation = operations;
      return attempt(async () => act(log, operation));
    });
  }
}
