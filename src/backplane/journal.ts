import { setTimeout as sleep } from 'node:timers/promises';
import { RelayError } from '../protocol/errors.js';
import { unavailable } from './attempt.js';
import type {
  MaybePromise,
  Outcome,
  Propose,
  RoomChange,
  RoomEntry,
  RoomFields,
  RoomLog,
  RoomSink,
} from './backplane.js';
import type { Outage, WaitingCounts } from './outage.js';
import { applied, decide, endOf, isEmpty } from './room-change.js';
import { tellSafely } from './tell.js';
import { type Deed, type Replay, Waiting, WaitingList } from './waiting.js';

/** A log that repeats what fails, until it is over. */
interface JournalLog {
  /** It may never be. */
  readonly isOpen: boolean;
  readonly state: RoomFields;
  nextOperation(): number;
  run(replay: Replay, operation: number, isOver: () => boolean): Promise<Outcome>;
}

/** What a process does in a room that does not wait for the others: while the backplane is away, they hear of it later. */
export interface RoomJournal {
  /** That of the log, with the changes that wait. */
  readonly state: RoomFields;
  /** Whether the backplane is away. */
  readonly isAway: boolean;
  /** Whether something waits, or what is done now would: it is done here at once, and follows what waits. */
  readonly isBehind: boolean;
  /** As that of the log. @throws RelayError `ERR_RELAY_UNAVAILABLE`: too much waits */
  commit(propose: Propose): MaybePromise<Outcome>;
  /** As `commit`. @param late is called when it begins to wait: returns how it is appended then */
  append(sessionId: string | undefined, entry: RoomEntry, late?: () => Replay): MaybePromise<Outcome>;
  /** Does something in its turn. @throws RelayError as `commit` */
  later(replay: Replay): MaybePromise<Outcome>;
  /** Calls back when nothing waits any more, and the others have had time to hear of it. The journal is not used from then on. */
  close(done: () => void): void;
}

/** The journal of a log that is never away. */
export function plainJournal(log: RoomLog): RoomJournal {
  return {
    get state() {
      return log.state;
    },
    isAway: false,
    isBehind: false,
    commit: (propose) => log.commit(propose),
    append: (sessionId, entry) => log.append(sessionId, entry),
    later: (replay) => replay(log),
    close: (done) => done(),
  };
}

/** ms until something is tried again that has failed although the backplane is there. */
const RETRY_MS = 250;
/** ms for which a log stays open after something has waited: without it, processes that are back later would not find the room. */
const LINGER_MS = 5_000;
const NOTHING: RoomChange = {};

/**
 * The journal of a log whose backplane may be away. What is done then, this process has at once; the log has it when the backplane
 * is back, in the same order, each once.
 */
export class Journal implements RoomJournal, RoomSink {
  readonly #roomId: string;
  readonly #sink: RoomSink;
  readonly #outage: Outage;
  readonly #list = new WaitingList();
  #log: JournalLog | undefined;
  /** Where changes wait. Made when it is asked for. */
  #state: RoomFields | undefined;
  #isReplaying = false;
  #replayedAt = Number.NEGATIVE_INFINITY;
  #closed: (() => void) | undefined;

  constructor(roomId: string, sink: RoomSink, outage: Outage) {
    this.#roomId = roomId;
    this.#sink = sink;
    this.#outage = outage;
  }

  begin(log: JournalLog): void {
    this.#log = log;
    this.#outage.listen(this);
  }

  get state(): RoomFields {
    if (!this.#list.hasKept) return this.#opened.state;
    this.#state ??= this.#list.over(this.#opened.state);
    return this.#state;
  }

  get isAway(): boolean {
    return this.#outage.isOn;
  }

  get isBehind(): boolean {
    return this.#outage.isOn || this.#list.hasKept;
  }

  get waiting(): WaitingCounts {
    return this.#list.counts;
  }

  commit(propose: Propose): Promise<Outcome> {
    return this.#do({ propose, replay: (log, operation) => log.commit(propose, operation) });
  }

  append(sessionId: string | undefined, entry: RoomEntry, late?: () => Replay): Promise<Outcome> {
    const replay: Replay = (log, operation) => log.append(sessionId, entry, operation);
    return this.#do({ sessionId, entry, replay, late });
  }

  later(replay: Replay): Promise<Outcome> {
    return this.#do({ replay });
  }

  close(done: () => void): void {
    this.#closed = done;
    if (this.#list.hasKept) this.#outage.left.add(this.#roomId);
    this.#settle();
  }

  snapshot(state: RoomFields, revision: number): void {
    this.#state = undefined;
    this.#sink.snapshot(this.#list.over(state), revision);
  }

  changed(change: RoomChange, revision: number): void {
    this.#state = undefined;
    this.#sink.changed(change, revision);
  }

  appended(sessionId: string | undefined, entry: RoomEntry): void {
    const own = this.#list.find(entry);
    if (own?.isKept) return;
    if (own) own.isHeard = true;
    this.#sink.appended(sessionId, entry);
  }

  /** What is on its way waits, too: whether the log has it will be known later. */
  began(): void {
    const kept: (() => void)[] = [];
    for (const waiting of this.#list.all) {
      if (waiting.isKept) continue;
      try {
        const outcome = this.#keep(waiting);
        kept.push(() => this.#tell(waiting, outcome));
      } catch (error) {
        this.#list.delete(waiting);
        waiting.fail(error);
      }
    }
    for (const tell of kept) tell();
  }

  ended(): void {
    void this.#replay();
  }

  get #opened(): JournalLog {
    if (!this.#log) throw notOpenYet();
    return this.#log;
  }

  async #do(deed: Deed): Promise<Outcome> {
    const waiting = new Waiting(this.#opened.nextOperation(), deed);
    if (this.isBehind) {
      this.#tell(waiting, this.#keep(waiting));
      if (!this.isAway) void this.#replay();
    } else {
      this.#list.add(waiting);
      waiting.running = this.#run(waiting, () => waiting.isKept || !this.#list.has(waiting));
    }
    return waiting.outcome;
  }

  /** Decides on it by what this process knows. @throws RelayError */
  #keep(waiting: Waiting): Outcome {
    const { propose, entry } = waiting.deed;
    if (!this.#opened.isOpen) throw notOpenYet();
    const { state } = this;
    if (entry && state.end !== undefined) return this.#drop(waiting, { refused: endOf(state.end) });
    const change = propose ? decide(state, propose) : NOTHING;
    if ('refused' in change) return this.#drop(waiting, change);
    if (propose && isEmpty(change)) return this.#drop(waiting, { revision: 0, change });
    this.#list.keep(waiting);
    if (propose) this.#state = applied(state, change);
    return { revision: 0, change, later: waiting.known };
  }

  #drop(waiting: Waiting, outcome: Outcome): Outcome {
    this.#list.delete(waiting);
    return outcome;
  }

  #tell(waiting: Waiting, outcome: Outcome): void {
    const { deed, isHeard, isKept } = waiting;
    const { entry, sessionId } = deed;
    if (entry && isKept && !isHeard)
      tellSafely(this.#sink, (sink) => sink.appended(sessionId, entry), this.#outage.logger);
    waiting.answer(outcome);
  }

  /** One after the other, also what comes meanwhile. */
  async #replay(): Promise<void> {
    if (this.#isReplaying) return;
    this.#isReplaying = true;
    for (const waiting of this.#list.all) {
      await waiting.running;
      while (this.#list.has(waiting) && !this.isAway && !(await this.#run(waiting, () => this.isAway)))
        await sleep(RETRY_MS, undefined, { ref: false });
      if (this.isAway) break;
    }
    this.#isReplaying = false;
    this.#settle();
  }

  /** Returns false where it has to be tried again. Never rejects. */
  async #run(waiting: Waiting, isOver: () => boolean): Promise<boolean> {
    try {
      const outcome = await this.#opened.run(waiting.replay, waiting.operation, isOver);
      // The process is not yet again one of those that share the room.
      if (waiting.isKept && outcome.refused?.code === 'ERR_RELAY_CLOSED') return false;
      this.#drop(waiting, outcome);
      if (waiting.isKept) this.#replayedAt = performance.now();
      waiting.settle(outcome);
    } catch (error) {
      if (waiting.isKept && RelayError.from(error).retryable) return false;
      this.#list.delete(waiting);
      waiting.fail(error);
    }
    this.#state = undefined;
    return true;
  }

  #settle(): void {
    const closed = this.#closed;
    if (!closed || this.#list.hasKept) return;
    this.#closed = undefined;
    this.#outage.left.delete(this.#roomId);
    this.#outage.forget(this);
    const remainingMs = this.#replayedAt + LINGER_MS - performance.now();
    if (remainingMs <= 0) closed();
    else setTimeout(closed, remainingMs).unref();
  }
}

function notOpenYet(): RelayError {
  return unavailable(new Error('the room is not open'));
}
