import type {
  MaybePromise,
  Outcome,
  RoomChange,
  RoomFields,
  RoomLog,
  Seat,
} from '../../../backplane/backplane.js';
import { isPromise } from '../../../util/is-promise.js';
import type { CountedViewers } from '../viewers/counted-viewers.js';
import { claimOf, isShown } from './track-claims.js';

/** ms between two counts of an audience that changes. */
const AUDIENCE_MS = 250;
/** ms until a change is tried again that could not be made. */
const RETRY_MS = 250;

/** Why a session was removed whose user has come again as a viewer without a seat. */
export const REPLACED = '';
const NOBODY: ReadonlyMap<string, string> = new Map();

/** What a process has in a room. */
interface SeatSource {
  /** Undefined for a session that has left, or is only counted. */
  seatOf(sessionId: string): Seat | undefined;
  /** Visible participants without a seat. */
  readonly viewers: Pick<CountedViewers, 'count' | 'arrivals' | 'told'>;
  readonly log: RoomLog;
  /** Whether a new session of a user takes the seats of the earlier ones. */
  readonly replacesDuplicates: boolean;
}

/** One attempt to write what has changed. */
interface Batch {
  readonly seats: ReadonlyMap<string, Seat | undefined>;
  /** Sessions that have had no seat so far: those that have lost theirs get no other one. */
  readonly fresh: ReadonlySet<string>;
  readonly audience: number | undefined;
  /** The users of new viewers, by session id; none where a user may have several sessions. */
  readonly arrivals: ReadonlyMap<string, string>;
  /** How often the process had lost all seats before. */
  readonly losses: number;
}

/**
 * Keeps the seats of a process's sessions in the room's log as they should be. One change is on its way at a time, with everything
 * that has changed meanwhile.
 */
export class SeatWriter {
  readonly #processId: string;
  readonly #source: SeatSource;
  readonly #changed = new Set<string>();
  readonly #given = new Map<string, Seat>();
  /** Sessions whose seats others have taken away. */
  readonly #removed = new Set<string>();
  /** Sessions that another process has got during the change that is on its way. */
  readonly #handedOver = new Set<string>();
  /** Calls those who wait for a session's seat. */
  readonly #waiting = new Map<string, (() => void)[]>();
  readonly #onIdle: (() => void)[] = [];
  #losses = 0;
  #toldAudience = 0;
  #mustTellAudience = false;
  #isWriting = false;
  #isRevoked = false;
  #timer: NodeJS.Timeout | undefined;
  #audienceTimer: NodeJS.Timeout | undefined;

  constructor(processId: string, source: SeatSource) {
    this.#processId = processId;
    this.#source = source;
  }

  /** Something of the session has changed. */
  touch(sessionId: string): void {
    if (!this.#removed.has(sessionId)) this.#changed.add(sessionId);
  }

  /** The log has a seat of the session. That may be known before the outcome of the change. */
  confirmed(sessionId: string, seat: Seat): void {
    if (!this.#given.has(sessionId) && !this.#removed.has(sessionId)) this.#given.set(sessionId, seat);
  }

  hasSeat(sessionId: string): boolean {
    return this.#given.has(sessionId);
  }

  /** Another process has taken the seat away: the session gets no other one. */
  removed(sessionId: string): void {
    this.#removed.add(sessionId);
    this.#given.delete(sessionId);
    this.#changed.delete(sessionId);
    this.#wake(sessionId);
  }

  /** Another process has the session, and writes its seat. */
  handedOver(sessionId: string): void {
    this.#given.delete(sessionId);
    this.#changed.delete(sessionId);
    if (this.#isWriting) this.#handedOver.add(sessionId);
    this.#wake(sessionId);
  }

  left(sessionId: string): void {
    this.#changed.add(sessionId);
  }

  /** The process was taken for dead: what it had in the room is to be written again. */
  lost(): void {
    this.#losses += 1;
    for (const sessionId of this.#given.keys()) {
      this.#changed.add(sessionId);
      // The seat of one that has left meanwhile may be there again, as it was before.
      if (this.#source.seatOf(sessionId)) this.#given.delete(sessionId);
    }
    this.#toldAudience = 0;
    this.#mustTellAudience = true;
  }

  /** The process is one of those that share the room again. */
  resume(): void {
    this.#isRevoked = false;
    this.write();
  }

  /** Resolves when the session has a seat, or will get none. */
  seated(sessionId: string): MaybePromise<void> {
    if (this.#given.has(sessionId)) return;
    this.touch(sessionId);
    this.write();
    // Nothing is written until the process is one of the others again: what needs the seat fails.
    if (this.#isRevoked || (!this.#changed.has(sessionId) && !this.#isWriting)) return;
    return new Promise((resolve) => {
      const others = this.#waiting.get(sessionId);
      if (others) others.push(resolve);
      else this.#waiting.set(sessionId, [resolve]);
    });
  }

  /** Calls back when nothing is left to write, or it can't be written. */
  finish(done: () => void): void {
    clearTimeout(this.#audienceTimer);
    this.#mustTellAudience = true;
    this.write();
    if (!this.#isWriting && !this.#timer) done();
    else this.#onIdle.push(done);
  }

  write(): void {
    if (this.#isWriting || this.#isRevoked || this.#timer) return;
    this.#isWriting = true;
    for (;;) {
      const batch = this.#next();
      if (!batch) break;
      const outcome = this.#commit(batch);
      if (isPromise(outcome)) {
        Promise.resolve(outcome).then(
          (result) => this.#wrote(batch, result),
          () => this.#failed(batch),
        );
        return;
      }
      if (!this.#done(batch, outcome)) break;
    }
    this.#isWriting = false;
    this.#idle();
  }

  #wrote(batch: Batch, outcome: Outcome): void {
    this.#isWriting = false;
    if (this.#done(batch, outcome)) this.write();
    else this.#idle();
  }

  #failed(batch: Batch): void {
    this.#isWriting = false;
    this.#handedOver.clear();
    this.#putBack(batch);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.write();
    }, RETRY_MS);
    for (const sessionId of [...this.#waiting.keys()]) this.#wake(sessionId);
  }

  /** Returns whether to go on. */
  #done(batch: Batch, outcome: Outcome): boolean {
    const { refused } = outcome;
    if (refused) {
      // The end of the room is the end of its seats. A process that was taken for dead goes on when it is alive again.
      this.#isRevoked = true;
      this.#handedOver.clear();
      if (refused.code !== 'ERR_RELAY_ROOM_ENDED') this.#putBack(batch);
      for (const sessionId of [...this.#waiting.keys()]) this.#wake(sessionId);
      return false;
    }
    const isLost = batch.losses !== this.#losses;
    for (const [sessionId, seat] of batch.seats) {
      if (!seat || this.#handedOver.has(sessionId)) this.#given.delete(sessionId);
      else if (!isLost && !this.#removed.has(sessionId)) this.#given.set(sessionId, seat);
      this.#wake(sessionId);
    }
    this.#handedOver.clear();
    if (isLost) this.#putBack(batch);
    if (batch.audience !== undefined) this.#toldAudience = batch.audience;
    if (batch.arrivals.size > 0) this.#source.viewers.told(batch.arrivals, outcome.revision);
    return true;
  }

  #putBack({ seats, audience }: Batch): void {
    for (const sessionId of seats.keys()) this.touch(sessionId);
    if (audience !== undefined) this.#mustTellAudience = true;
  }

  #next(): Batch | undefined {
    const seats = new Map<string, Seat | undefined>();
    const fresh = new Set<string>();
    for (const sessionId of this.#changed) {
      const seat = this.#source.seatOf(sessionId);
      const given = this.#given.get(sessionId);
      if (seat && !given) fresh.add(sessionId);
      if (seat ? !isSame(seat, given) : given || this.#removed.delete(sessionId)) seats.set(sessionId, seat);
      else this.#wake(sessionId);
    }
    this.#changed.clear();
    const { viewers } = this.#source;
    const isNews = this.#hasNews && (this.#mustTellAudience || seats.size > 0);
    this.#mustTellAudience = false;
    if (seats.size === 0 && !isNews) return undefined;
    const arrivals = isNews ? new Map(viewers.arrivals) : NOBODY;
    return { seats, fresh, audience: isNews ? viewers.count : undefined, arrivals, losses: this.#losses };
  }

  get #hasNews(): boolean {
    const { count, arrivals } = this.#source.viewers;
    return count !== this.#toldAudience || arrivals.size > 0;
  }

  #commit({ seats, fresh, audience, arrivals }: Batch): MaybePromise<Outcome> {
    const processId = this.#processId;
    const propose = ({ seats: known, removals, claims }: RoomFields): RoomChange => {
      const ended = [...seats.keys()].filter(
        (sessionId) => !seats.get(sessionId) && removals?.has(sessionId),
      );
      const change = new Map<string, Seat | undefined>();
      for (const [sessionId, seat] of seats) {
        const old = known?.get(sessionId);
        const replaced = seat && !old ? seat.replaces : undefined;
        if (replaced !== undefined && known?.has(replaced) && !seats.has(replaced))
          change.set(replaced, undefined);
        const isOwn = old?.processId === processId;
        if (seat ? isOwn || (!old && fresh.has(sessionId)) : isOwn) change.set(sessionId, seat);
        if (seat && !old && seat.since === undefined && this.#source.replacesDuplicates)
          for (const [id, { userId }] of known ?? [])
            if (userId === seat.userId && !seats.has(id)) change.set(id, undefined);
      }
      const removed = new Map<string, string | undefined>(ended.map((sessionId) => [sessionId, undefined]));
      const users = new Set(arrivals.values());
      for (const [id, { userId }] of arrivals.size > 0 ? (known ?? []) : []) {
        if (!users.has(userId) || seats.has(id) || arrivals.has(id)) continue;
        change.set(id, undefined);
        removed.set(id, REPLACED);
      }
      const shown = new Map<string, undefined>();
      for (const [sessionId, seat] of seats) {
        const key = claimOf(processId, sessionId);
        if (isShown(claims?.get(key), seat)) shown.set(key, undefined);
      }
      const count = new Map([[processId, audience || undefined]]);
      return {
        ...(change.size > 0 && { seats: change }),
        ...(removed.size > 0 && { removals: removed }),
        ...(shown.size > 0 && { claims: shown }),
        ...(audience !== undefined && { audience: count }),
      };
    };
    return this.#source.log.commit(propose);
  }

  #wake(sessionId: string): void {
    const waiting = this.#waiting.get(sessionId);
    this.#waiting.delete(sessionId);
    for (const resolve of waiting ?? []) resolve();
  }

  #idle(): void {
    if (this.#hasNews)
      this.#audienceTimer ??= setTimeout(() => {
        this.#audienceTimer = undefined;
        this.#mustTellAudience = true;
        this.write();
      }, AUDIENCE_MS).unref();
    for (const done of this.#onIdle.splice(0)) done();
  }
}

function isSame(seat: Seat, other: Seat | undefined): boolean {
  return seat.participant === other?.participant && seat.moderates === other?.moderates;
}
