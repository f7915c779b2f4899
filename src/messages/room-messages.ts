import { randomUUID } from 'node:crypto';
import pTimeout from 'p-timeout';
import type { RoomEntry } from '../backplane/backplane.js';
import { invalidParams, RelayError } from '../protocol/errors.js';
import type { MessageDeletion, MessageReceipt, OutgoingMessage, RoomMessage } from '../protocol/types.js';
import type { CounterSet } from '../telemetry/instruments.js';
import { deadlineTimers } from '../util/deadline.js';
import { andThen, isPromise } from '../util/is-promise.js';
import { noop } from '../util/noop.js';
import { OrderedQueue } from '../util/ordered-queue.js';
import { wallClock } from '../util/wall-clock.js';
import { counted, countOf } from './counted.js';
import { checkJson, type Draft, keyOf, readDraft } from './draft.js';
import { History } from './history.js';
import type { ResolvedKind, ResolvedKinds } from './message-kind.js';
import { Receipts } from './receipts.js';
import type { RoomChannel } from './room-channel.js';
import { validate } from './schema.js';
import { Tally } from './tally.js';

/** The sender of messages. */
export interface MessageSender {
  readonly sessionId: string;
  readonly userId: string;
  /** Processes one message at a time, so that slow schemas and hooks keep the order. */
  readonly queue: OrderedQueue;
  /** Checks again after the schema and the hook whether the sender may send. @throws RelayError */
  check(): void;
  /** Asks the application. @throws RelayError, at once or by the promise */
  readonly moderate: ModerateMessage | undefined;
}

/** A message whose kind, size and data are valid. */
export type ModeratedMessage = Readonly<Pick<Draft, 'data' | 'to' | 'id'> & { kind: string }>;

/** Asks the application; returns the data to deliver. `recheck` validates changed data by the schema. */
export type ModerateMessage = (message: ModeratedMessage, recheck: (data: unknown) => unknown) => unknown;

/** The members of the room. */
export interface Recipients {
  /** Delivers to the whole room, or to one user (`to`). */
  deliver(message: RoomMessage, mayDrop: boolean): void;
  deleted(deletion: MessageDeletion): void;
  /** Whether a client may write to this user: other participants can see the user. */
  isPresent(userId: string): boolean;
}

/** Shared by all rooms. */
export interface RoomMessagesSetup {
  readonly kinds: ResolvedKinds;
  /** ms within which a schema has to validate. @default no limit */
  readonly checkTimeoutMs?: number;
  /** Counts messages by kind. */
  readonly counters?: CounterSet;
}

/** The record of a room's messages, by kind except for the receipts. */
interface RoomRecord {
  readonly receipts: Receipts;
  readonly histories: Map<string, History>;
  /** Open windows of counted kinds. */
  readonly tallies: Map<string, Tally>;
  readonly totals: Map<string, number>;
}

/** The messages of one room: checks, moderation, delivery, history. */
export class RoomMessages {
  recipients: Recipients | undefined;
  /** Undefined where no other process shares the room. */
  channel: RoomChannel | undefined;
  readonly #setup: RoomMessagesSetup;
  #serverQueue: OrderedQueue | undefined;
  /** The number of messages that went to a history. */
  #order = 0;
  /** Made by the first message: many rooms never have one. */
  #record: RoomRecord | undefined;

  constructor(_roomId: string, setup: RoomMessagesSetup) {
    this.#setup = setup;
  }

  /** What a joining client receives: the histories, oldest first, and the totals of counted kinds. */
  get recent(): RoomMessage[] {
    return this.recentWithin(Number.POSITIVE_INFINITY).messages;
  }

  /** As `recent`: the older messages whose JSON `maxBytes` hold, with all totals; and the newer ones. */
  recentWithin(maxBytes: number): { messages: RoomMessage[]; rest: RoomMessage[] } {
    const messages: RoomMessage[] = [];
    const rest: RoomMessage[] = [];
    if (!this.#record) return { messages, rest };
    const { histories, totals } = this.#record;
    const entries = [...histories.values()].flatMap((history) => [...history.entries]);
    if (histories.size > 1) entries.sort((one, other) => one.order - other.order);
    let length = 0;
    for (const { message, bytes } of entries) {
      length += bytes;
      (length <= maxBytes ? messages : rest).push(message);
    }
    for (const [kind, total] of totals) messages.push(counted(kind, 0, total));
    return { messages, rest };
  }

  /** Whether messages of this kind are counted: `recent` has their total. */
  isCounted(kind: string): boolean {
    return this.#setup.kinds.get(kind)?.tally !== undefined;
  }

  /** Whether there is nothing to keep. */
  get isUntouched(): boolean {
    return !this.#record || (this.#record.receipts.size === 0 && this.recent.length === 0);
  }

  /**
   * Checks a message and delivers it after the sender's earlier ones. Without a sender it comes from the server.
   * @throws RelayError, at once or by the promise
   */
  send(message: OutgoingMessage, sender?: MessageSender): MessageReceipt | Promise<MessageReceipt> {
    const draft = readDraft(this.#setup.kinds, message);
    const queue = sender?.queue ?? this.#queueOfServer();
    const carryOut = (act: () => MessageReceipt | Promise<MessageReceipt>) =>
      queue.run(act, (receipt) => receipt);
    const process = () => this.#process(draft, sender);
    if (draft.id === undefined) return carryOut(process);
    const key = keyOf(draft, sender?.userId);
    const once = () => (this.channel ? this.channel.once(key, process) : process());
    return this.#makeRecord().receipts.once(...key, async () => carryOut(once));
  }

  /** Deletes a message from the history, and notifies the room. */
  delete(id: string): void | Promise<void> {
    const deleted = this.#tell(undefined, { deletion: { deleted: id } });
    if (!isPromise(deleted)) return;
    deleted.catch(noop);
    return deleted;
  }

  /** Publishes the open counts now, and stops their timers. */
  flush(): void {
    for (const tally of this.#record?.tallies.values() ?? []) tally.flush();
  }

  /** The room has ended: a later room of the same id starts without its messages. */
  forget(): void {
    this.#record?.receipts.clear();
    this.#record?.histories.clear();
    this.#record?.totals.clear();
  }

  close(): void {
    this.flush();
    this.channel = undefined;
  }

  #process(draft: Draft, sender: MessageSender | undefined): MessageReceipt | Promise<MessageReceipt> {
    const { kind, to, id } = draft;
    const recheck = (data: unknown) => this.#validated(kind, data);
    return andThen(recheck(draft.data), (data) => {
      const { moderate } = sender ?? {};
      const moderated = moderate ? moderate({ kind: kind.name, data, to, id }, recheck) : data;
      const present = () => (sender && to !== undefined ? this.#isPresent(to) : true);
      return andThen(moderated, (passed) =>
        andThen(present(), (isPresent) => {
          if (!isPresent) throw invalidParams(`There is no user "${to}" in the room.`);
          return this.#publish(draft, passed, sender);
        }),
      );
    });
  }

  #isPresent(userId: string): boolean | Promise<boolean> {
    return this.recipients?.isPresent(userId) || (this.channel?.isPresent(userId) ?? false);
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

  #publish(
    draft: Draft,
    data: unknown,
    sender: MessageSender | undefined,
  ): MessageReceipt | Promise<MessageReceipt> {
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
    const id = randomUUID();
    const from = sender && { sessionId: sender.sessionId, userId: sender.userId };
    const message = { id, kind: name, data, ...(from && { from }), ...(to !== undefined && { to }), at };
    const once = draft.id !== undefined && { once: keyOf(draft, sender?.userId) };
    return andThen(this.#tell(sender?.sessionId, { message, ...once }), () => {
      this.#setup.counters?.add(name);
      return { id, at };
    });
  }

  #tell(sessionId: string | undefined, entry: RoomEntry): void | Promise<void> {
    if (this.channel) return this.channel.publish(sessionId, entry);
    this.receive(entry);
  }

  /** Something has been told to the room. */
  receive(entry: RoomEntry): void {
    if ('message' in entry) {
      const { message } = entry;
      const kind = this.#setup.kinds.get(message.kind);
      // It may be told again: by a process that could not know whether it had been told.
      if (message.to === undefined && !this.#remember(kind, message)) return;
      this.recipients?.deliver(message, kind?.mayDrop ?? false);
    } else if ('count' in entry) {
      const { kind, count } = entry.count;
      this.total(kind, this.totalOf(kind) + count);
    } else {
      for (const history of this.#record?.histories.values() ?? []) history.delete(entry.deletion.deleted);
      this.recipients?.deleted(entry.deletion);
    }
  }

  /** The number of messages of a counted kind so far. */
  totalOf(kind: string): number {
    return this.#record?.totals.get(kind) ?? 0;
  }

  /** So many messages of a counted kind there are now: tells the room of those that it does not know. */
  total(kind: string, total: number): void {
    const count = total - this.totalOf(kind);
    if (count <= 0) return;
    this.#makeRecord().totals.set(kind, total);
    this.recipients?.deliver(counted(kind, count, total), this.#setup.kinds.get(kind)?.mayDrop ?? false);
  }

  /** Puts messages that were sent before this process had the room before its own ones; they are told to nobody. */
  recall(messages: Iterable<RoomMessage>): void {
    const known = new Map([...messages, ...this.recent].map((message) => [message.id, message]));
    for (const history of this.#record?.histories.values() ?? []) history.clear();
    for (const message of known.values()) {
      const { kind: name, data } = message;
      const kind = this.#setup.kinds.get(name);
      const { total } = (data ?? {}) as { total?: number };
      if (kind?.tally && total !== undefined)
        this.#makeRecord().totals.set(name, Math.max(total, this.totalOf(name)));
      else this.#remember(kind, message);
    }
  }

  /** @returns false where the history has it already */
  #remember(kind: ResolvedKind | undefined, message: RoomMessage): boolean {
    if (!kind?.history) return true;
    const { histories } = this.#makeRecord();
    const history = histories.get(kind.name) ?? new History(kind.history);
    histories.set(kind.name, history);
    this.#order += 1;
    return history.add(message, this.#order);
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

  #tallyOf(kind: string, windowMs: number): Tally {
    const { tallies } = this.#makeRecord();
    const publish = (count: number) => {
      const told = this.#tell(undefined, { count: { kind, count } });
      // They count with the next ones.
      if (isPromise(told)) told.catch(() => this.#tallyOf(kind, windowMs).add(count));
    };
    const tally = tallies.get(kind) ?? new Tally(windowMs, publish);
    tallies.set(kind, tally);
    return tally;
  }

  #queueOfServer(): OrderedQueue {
    this.#serverQueue ??= new OrderedQueue();
    return this.#serverQueue;
  }
}
