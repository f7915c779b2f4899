import { RelayError } from '../protocol/errors.js';
import { jsonText } from '../util/json-text.js';
import { noop } from '../util/noop.js';
import { unavailable } from './attempt.js';
import type { MaybePromise, Outcome, Propose, RoomEntry, RoomFields, RoomLog } from './backplane.js';
import type { WaitingCounts } from './outage.js';
import { applied, decide } from './room-change.js';

/** Carries something out in the log of a room. It may be called again with the same operation. */
export type Replay = (log: RoomLog, operation?: number) => MaybePromise<Outcome>;

/** What a process does in a room. */
export interface Deed {
  readonly replay: Replay;
  /** Called when it begins to wait: how it is replayed then. @default `replay` */
  readonly late?: (() => Replay) | undefined;
  /** Of a change. */
  readonly propose?: Propose;
  /** Of what is told to the room, and who says it. */
  readonly entry?: RoomEntry;
  readonly sessionId?: string | undefined;
}

/** A deed that the log does not have yet, as far as is known. */
export class Waiting {
  readonly operation: number;
  readonly deed: Deed;
  readonly bytes: number;
  replay: Replay;
  /** This process has it already. */
  isKept = false;
  /** The log has told of it. */
  isHeard = false;
  /** Settles when it is not on its way any more. Never rejects. */
  running: Promise<unknown> | undefined;
  /** What this process makes of it. */
  readonly outcome: Promise<Outcome>;
  /** What the log makes of it. */
  readonly known: Promise<Outcome>;
  #answer: (outcome: Outcome) => void = noop;
  #know: (outcome: Outcome) => void = noop;
  #refuse: (error: unknown) => void = noop;

  constructor(operation: number, deed: Deed) {
    this.operation = operation;
    this.deed = deed;
    const { entry, replay } = deed;
    this.replay = replay;
    this.bytes = entry && 'message' in entry ? Buffer.byteLength(jsonText(entry.message)) : 0;
    this.outcome = new Promise((resolve, reject) => {
      this.#answer = resolve;
      this.#refuse = reject;
    });
    this.known = new Promise((resolve) => {
      this.#know = resolve;
    });
    this.outcome.catch(noop);
  }

  answer(outcome: Outcome): void {
    this.#answer(outcome);
  }

  settle(outcome: Outcome): void {
    this.#answer(outcome);
    this.#know(outcome);
  }

  fail(error: unknown): void {
    this.#refuse(error);
    this.#know({ refused: RelayError.from(error) });
  }
}

/** Of a room. With those of another process they fit in the room's stream: a process that is back later gets them all. */
const MAX_MESSAGES = 250;
const MAX_BYTES = 256 * 1024;
const MAX_CHANGES = 250;

/** What a process has done in a room and the log does not have yet, in order. */
export class WaitingList {
  readonly #all = new Set<Waiting>();
  #messages = 0;
  #bytes = 0;
  #changes = 0;

  /** Also what is added while it is looked at. */
  get all(): Iterable<Waiting> {
    return this.#all;
  }

  get hasKept(): boolean {
    return this.#messages + this.#changes > 0;
  }

  get counts(): WaitingCounts {
    return { messages: this.#messages, changes: this.#changes };
  }

  has(waiting: Waiting): boolean {
    return this.#all.has(waiting);
  }

  add(waiting: Waiting): void {
    this.#all.add(waiting);
  }

  /** @throws RelayError `ERR_RELAY_UNAVAILABLE` */
  keep(waiting: Waiting): void {
    const { deed, bytes } = waiting;
    const isFull = deed.entry
      ? this.#messages >= MAX_MESSAGES || this.#bytes + bytes > MAX_BYTES
      : this.#changes >= MAX_CHANGES;
    if (isFull) throw unavailable(new Error('too much waits in this room'));
    waiting.isKept = true;
    if (deed.late) waiting.replay = deed.late();
    this.#count(waiting, 1);
    this.#all.add(waiting);
  }

  delete(waiting: Waiting): void {
    if (this.#all.delete(waiting) && waiting.isKept) this.#count(waiting, -1);
  }

  /** The one that has told, or will tell, the room the same. */
  find(entry: RoomEntry): Waiting | undefined {
    for (const waiting of this.#all) {
      const own = waiting.deed.entry;
      if (own && isSame(own, entry)) return waiting;
    }
    return undefined;
  }

  /** The state with the changes that wait. */
  over(state: RoomFields): RoomFields {
    let next = state;
    for (const { deed, isKept } of this.#all) {
      const change = isKept && deed.propose ? decide(next, deed.propose) : undefined;
      if (change && !('refused' in change)) next = applied(next, change);
    }
    return next;
  }

  #count({ deed, bytes }: Waiting, by: 1 | -1): void {
    if (deed.entry) this.#messages += by;
    else this.#changes += by;
    this.#bytes += by * bytes;
  }
}

function isSame(one: RoomEntry, other: RoomEntry): boolean {
  if ('message' in one && 'message' in other) {
    const [userId, id] = one.once ?? [];
    const isOnce = id !== undefined && userId === other.once?.[0] && id === other.once?.[1];
    return isOnce || one.message.id === other.message.id;
  }
  return 'deletion' in one && 'deletion' in other && one.deletion.deleted === other.deletion.deleted;
}
