import { randomUUID } from 'node:crypto';
import pTimeout from 'p-timeout';
import { localHub, type MessageHub, type RoomChannel, type RoomTraffic } from '../backplane/message-hub.js';
import { RelayError } from '../protocol/errors.js';
import type { MessageDeletion, MessageReceipt, OutgoingMessage, RoomMessage } from '../protocol/types.js';
import type { CounterSet } from '../telemetry/instruments.js';
import { deadlineTimers } from '../util/deadline.js';
import { andThen, isPromise } from '../util/is-promise.js';
import { OrderedQueue } from '../util/ordered-queue.js';
import { wallClock } from '../util/wall-clock.js';
import { type Draft, invalid, readDraft } from './draft.js';
import { History } from './history.js';
import type { HistoryLimits, ResolvedKind, ResolvedKinds } from './message-kind.js';
import { Receipts } from './receipts.js';
import { validate } from './schema.js';
import { Tally } from './tally.js';

/** Who sends. */
export interface MessageSender {
  readonly sessionId: string;
  readonly userId: string;
  /** One message at a time, whatever slow thing it has to pass. */
  readonly queue: OrderedQueue;
  /** Whether it still may, once its message has been checked. @throws RelayError */
  check(): void;
  /** Asks the application. @throws RelayError, at once or by the promise */
  readonly moderate: ModerateMessage | undefined;
}

/** A message whose kind, size and schema are in order. */
export type ModeratedMessage = Readonly<Pick<Draft, 'data' | 'to' | 'id'> & { kind: string }>;

/** The application's word: the data as they are to be passed on. `recheck` holds other data against the schema. */
export type ModerateMessage = (message: ModeratedMessage, recheck: (data: unknown) => unknown) => unknown;

/** Those who hear: the room, as long as there is somebody in it. */
export interface Audience {
  /** To everybody in the room, or to a user alone. */
  deliver(message: RoomMessage, mayDrop: boolean): void;
  deleted(deletion: MessageDeletion): void;
  /** Whether a client may write to this user: one that others can see. */
  isPresent(userId: string): boolean;
}

/** The same for all rooms. */
export interface RoomMessagesSetup {
  readonly kinds: ResolvedKinds;
  /** ms that a schema may take. @default no limit */
  readonly checkTimeoutMs?: number;
  readonly hub?: MessageHub;
  /** Counts what is told, by kind. */
  readonly counters?: CounterSet;
}

/** What was said in a room, as far as it is to be remembered. By kind, but for the receipts. */
interface RoomRecord {
  readonly receipts: Receipts;
  readonly histories: Map<string, History>;
  /** What is being counted. */
  readonly tallies: Map<string, Tally>;
  readonly totals: Map<string, number>;
}

/** The messages of one room: from the check of what is sent to the delivery, and what newcomers get of them. */
export class RoomMessages {
  audience: Audience | undefined;
  readonly #setup: RoomMessagesSetup;
  readonly #channel: RoomChannel;
  #serverQueue: OrderedQueue | undefined;
  /** Counts the messages that go to a history. */
  #order = 0;
  /** In many a room nobody ever says anything. */
  #record: RoomRecord | undefined;

  constructor(roomId: string, setup: RoomMessagesSetup) {
    this.#setup = setup;
    this.#channel = (setup.hub ?? localHub).open(roomId, (traffic) => this.#receive(traffic));
  }

  /** What those who join now have to know: the histories, and the totals of what is counted. Oldest first. */
  get recent(): RoomMessage[] {
    if (!this.#record) return [];
    const { histories, totals } = this.#record;
    const entries = [...histories.values()].flatMap((history) => [...history.entries]);
    if (histories.size > 1) entries.sort((one, other) => one.order - other.order);
    const recent = entries.map(({ message }) => message);
    for (const [kind, total] of totals) recent.push(counted(kind, 0, total));
    return recent;
  }

  /** Whether nobody has ever said anything. */
  get isUntouched(): boolean {
    return !this.#record || (this.#record.receipts.size === 0 && this.recent.length === 0);
  }

  /**
   * Checks a message and passes it on, after all that the sender has sent before. Without a sender it is the server's.
   * @throws RelayError, at once or by the promise
   */
  send(message: OutgoingMessage, sender?: MessageSender): MessageReceipt | Promise<MessageReceipt> {
    const draft = readDraft(this.#setup.kinds, message);
    const queue = sender?.queue ?? this.#queueOfServer();
    const carryOut = () =>
      queue.run(
        () => this.#process(draft, sender),
        (receipt) => receipt,
      );
    if (draft.id === undefined) return carryOut();
    const { receipts } = this.#makeRecord();
    return receipts.once(sender?.userId ?? '', `${draft.kind.name} ${draft.id}`, async () => carryOut());
  }

  /** Takes a message out of the history, and tells everybody. */
  delete(id: string): void {
    this.#channel.publish({ deletion: { deleted: id } });
  }

  /** What is being counted is told now; nothing runs any more. */
  flush(): void {
    for (const tally of this.#record?.tallies.values() ?? []) tally.flush();
  }

  /** The room was ended: what comes after it is another one. */
  forget(): void {
    this.#record?.receipts.clear();
    this.#record?.histories.clear();
    this.#record?.totals.clear();
  }

  close(): void {
    this.flush();
    this.#channel.close();
  }

  #process(draft: Draft, sender: MessageSender | undefined): MessageReceipt | Promise<MessageReceipt> {
    const { kind, to, id } = draft;
    const recheck = (data: unknown) => this.#validated(kind, data);
    return andThen(recheck(draft.data), (data) => {
      const { moderate } = sender ?? {};
      const moderated = moderate ? moderate({ kind: kind.name, data, to, id }, recheck) : data;
      return andThen(moderated, (passed) => this.#publish(draft, passed, sender));
    });
  }

  #validated({ name, schema }: ResolvedKind, data: unknown): unknown {
    if (!schema) return data;
    const result = validate(name, schema, data);
    return isPromise(result) ? this.#inTime(name, result) : result;
  }

  #inTime<Value>(kind: string, result: PromiseLike<Value>): Promise<Value> {
    const { checkTimeoutMs: milliseconds } = this.#setup;
    if (milliseconds === undefined) return Promise.resolve(result);
    const cause = new Error(`the schema of "${kind}" does not answer within ${milliseconds} ms`);
    const message = new RelayError('ERR_RELAY_INTERNAL', 'The message could not be checked.', { cause });
    return pTimeout(result, { milliseconds, message, customTimers: deadlineTimers });
  }

  #publish(draft: Draft, data: unknown, sender: MessageSender | undefined): MessageReceipt {
    const { to, kind } = draft;
    const { name, tally } = kind;
    sender?.check();
    if (data !== draft.data) checkJson(name, data);
    const at = wallClock();
    if (tally) {
      this.#setup.counters?.add(name);
      this.#tallyOf(name, tally.windowMs).add(countOf(data));
      return { at };
    }
    if (to !== undefined && sender && !this.audience?.isPresent(to))
      throw invalid(`There is no user "${to}" in the room.`);
    const id = randomUUID();
    const from = sender && { sessionId: sender.sessionId, userId: sender.userId };
    const message = { id, kind: name, data, ...(from && { from }), ...(to !== undefined && { to }), at };
    this.#channel.publish({ message });
    this.#setup.counters?.add(name);
    return { id, at };
  }

  #receive(traffic: RoomTraffic): void {
    if ('message' in traffic) {
      const { message } = traffic;
      const kind = this.#setup.kinds.get(message.kind);
      if (message.to === undefined && kind?.history) {
        this.#order += 1;
        this.#historyOf(kind.name, kind.history).add(message, this.#order);
      }
      this.audience?.deliver(message, kind?.mayDrop ?? false);
    } else if ('count' in traffic) {
      const { kind, count } = traffic.count;
      const { totals } = this.#makeRecord();
      const total = (totals.get(kind) ?? 0) + count;
      totals.set(kind, total);
      this.audience?.deliver(counted(kind, count, total), this.#setup.kinds.get(kind)?.mayDrop ?? false);
    } else {
      for (const history of this.#record?.histories.values() ?? []) history.delete(traffic.deletion.deleted);
      this.audience?.deleted(traffic.deletion);
    }
  }

  #makeRecord(): RoomRecord {
    this.#record ??= {
      receipts: new Receipts(),
      histories: new Map(),
      tallies: new Map(),
      totals: new Map(),
    };
    return this.#record;
  }

  #historyOf(kind: string, limits: Required<HistoryLimits>): History {
    const { histories } = this.#makeRecord();
    const history = histories.get(kind) ?? new History(limits);
    histories.set(kind, history);
    return history;
  }

  #tallyOf(kind: string, windowMs: number): Tally {
    const { tallies } = this.#makeRecord();
    const publish = (count: number) => this.#channel.publish({ count: { kind, count } });
    const tally = tallies.get(kind) ?? new Tally(windowMs, publish);
    tallies.set(kind, tally);
    return tally;
  }

  #queueOfServer(): OrderedQueue {
    this.#serverQueue ??= new OrderedQueue();
    return this.#serverQueue;
  }
}

/** What a schema or a hook has made of it goes to everybody: it fails here, or nowhere. */
function checkJson(kind: string, data: unknown): void {
  if (JSON.stringify(data) === undefined) throw new TypeError(`what was made of a "${kind}" is not JSON`);
}

function counted(kind: string, count: number, total: number): RoomMessage {
  return { id: randomUUID(), kind, data: { count, total }, at: wallClock() };
}

/** A kind of the application's own may say no count, or nonsense: it is one then. */
function countOf(data: unknown): number {
  const { count } = (data ?? {}) as { count?: unknown };
  return Number.isSafeInteger(count) ? (count as number) : 1;
}
