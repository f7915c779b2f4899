import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome, RoomFields } from '../../../backplane/backplane.js';
import { noSeat, notOpen } from '../../../backplane/refusals.js';
import { endOf } from '../../../backplane/room-change.js';
import type { Tell } from '../../../backplane/tell.js';
import type { RelayError } from '../../../protocol/errors.js';
import type { Logger } from '../../../util/logger.js';
import { type Commands, unavailable } from '../connection/commands.js';
import { randomToken } from '../connection/ids.js';
import type { RoomKeys } from '../connection/keys.js';
import { decodeRoom, encodeState, seatValue } from './change-codec.js';
import { Operations, settled } from './operations.js';
import { makeBatch, type Operation, type Sent } from './room-batch.js';
import { OPEN, READ, WRITE } from './room-scripts.js';
import { RoomState, type StateOwner } from './room-state.js';

/** ms that a room is kept whose processes have all died; each look at the room prolongs it. */
export const ROOM_TTL_MS = 600_000;

/** The process among the others. */
interface Member {
  /** Its encoded id. */
  readonly process: string;
  readonly fenceText: string;
  readonly isLost: boolean;
  end(): void;
}

/** ms to wait while another process has its turn. */
const TURN_MS = 5;

/** What a room needs of its backplane. */
export interface RoomOwner {
  readonly commands: Commands;
  readonly logger: Logger;
  /** The newest one. */
  readonly membership: Member;
  /** Adds rooms to the index from which survivors free the seats of a dead process. */
  index(roomIds: readonly string[]): Promise<unknown>;
}

/** Somebody who has the room open. */
interface Reader {
  tell(tell: Tell): void;
}

type OpenReply = ['fenced'] | ['ended', string] | ['ok', string[], string[] | 0, string[]?];
type ReadReply = ['fenced'] | ['gone'] | ['ok', string, string[]] | ['snapshot', string[], string[]];
type WriteReply = [string, string[], string, number, string[] | 0, string[]?, string[]?];

/** A room as one process sees it: what it does there happens in one order, one batch after the other. */
export class SharedRoom implements StateOwner {
  readonly id: string;
  readonly readers = new Set<Reader>();
  /** In the keys of its operations. */
  readonly feed = randomToken();
  readonly #state = new RoomState(this);
  readonly #keys: RoomKeys;
  readonly #owner: RoomOwner;
  readonly #operations = new Operations(this.feed);
  #running: Promise<void> | undefined;
  /** What has to be done first: read what was missed, or open the room anew. */
  #needs: 'nothing' | 'read' | 'open' = 'nothing';
  #batch = 0;
  /** How often in a row other processes were faster. */
  #conflicts = 0;
  #isClosed = false;
  /** Redis does not have the room any more: it has ended. */
  #isOver = false;

  constructor(id: string, keys: RoomKeys, owner: RoomOwner) {
    this.id = id;
    this.#keys = keys;
    this.#owner = owner;
  }

  get fields(): RoomFields {
    return this.#state.fields;
  }

  get kin(): string {
    return this.#state.kin;
  }

  get process(): string {
    return this.#owner.membership.process;
  }

  /** @throws RelayError `ERR_RELAY_UNAVAILABLE`, `ERR_RELAY_CLOSED` */
  async open(): Promise<void> {
    await this.#open();
    if (this.#needs !== 'nothing') this.#run();
  }

  /** Whether something has to be read or restored. */
  get isBehind(): boolean {
    return this.#needs !== 'nothing';
  }

  add(reader: Reader): void {
    this.readers.add(reader);
    reader.tell((sink) => sink.snapshot(this.fields, this.#state.revision));
  }

  /** Something was published. */
  heard(text: string): void {
    const [header = '', ...lines] = text.split('\n');
    const [epoch, first, nonce = ''] = header.split(' ');
    if (epoch !== this.#state.epoch || !this.#state.follow(Number(first), lines, nonce)) this.check();
  }

  /** Something may have been missed. */
  check(): void {
    if (this.#needs === 'nothing') this.#needs = 'read';
    this.#run();
  }

  /** After another membership has begun. Never rejects. */
  async reopen(): Promise<void> {
    this.#needs = 'open';
    this.#run();
    await this.#running;
  }

  do(operation: Operation): void {
    this.#operations.add(operation);
    this.#run();
  }

  outcomeOf(key: string): Outcome | undefined {
    return this.#operations.outcomeOf(key);
  }

  isDoubtful(key: string): boolean {
    return this.#operations.isDoubtful(key);
  }

  /** @returns once nothing of it is on the way any more */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#operations.failAll(notOpen());
    await this.#running;
  }

  tell(tell: Tell): void {
    for (const reader of [...this.readers]) reader.tell(tell);
  }

  happened(key: string, outcome: Outcome): void {
    this.#operations.happened(key, outcome);
  }

  #run(): void {
    // What is heard while it is opened is read after that.
    if (this.#state.epoch !== '') this.#running ??= this.#work();
  }

  /** Never rejects. */
  async #work(): Promise<void> {
    // What is asked for at the same time goes in one batch.
    await undefined;
    try {
      while (!this.#isClosed && (this.#needs !== 'nothing' || !this.#operations.isEmpty)) {
        if (this.#isOver) return this.#operations.failAll(endOf(this.fields.end ?? 'The room has ended.'));
        if (this.#owner.membership.isLost) return this.#operations.failAll(notOpen());
        if (this.#needs === 'open') await this.#open();
        else if (this.#needs === 'read') await this.#read();
        else await this.#write();
      }
    } catch (error) {
      const failure = unavailable(error);
      if (failure.code !== 'ERR_RELAY_UNAVAILABLE' && failure.code !== 'ERR_RELAY_CLOSED')
        this.#owner.logger.error({ err: error }, 'A room could not be read');
      this.#operations.failAll(failure);
    } finally {
      if (this.#isClosed) this.#operations.failAll(notOpen());
      this.#running = undefined;
    }
  }

  async #open(): Promise<void> {
    const { commands, membership, index } = this.#owner;
    const { fields, epoch, revision, seq, ownSeats, kin } = this.#state;
    const { state, log, messages, ends, channel } = this.#keys;
    const stored = epoch === '' ? [] : encodeState(fields);
    const nonce = randomToken();
    const args = [
      ...[this.process, membership.fenceText, randomToken(), String(ROOM_TTL_MS), channel],
      ...[epoch === '' ? '' : String(revision), String(seq), nonce],
      ...[kin, epoch, this.#state.nonce, String(stored.length / 2), ...stored],
      ...[...ownSeats].flatMap(([id, seat]) => [id, seatValue(this.process, seat), JSON.stringify(seat)]),
    ];
    this.#needs = 'nothing';
    try {
      // The index is first: a survivor has to find every seat.
      await index([this.id]);
      if (membership.isLost) throw notOpen();
      const reply = (await commands.run(OPEN, [state, log, messages, ends], args)) as OpenReply;
      if (reply[0] === 'fenced') throw this.#fenced(membership);
      if (reply[0] === 'ended') return this.#ended(JSON.parse(reply[1]) as string);
      const room = decodeRoom(reply[1], this.process);
      if (reply[2] === 0) this.#state.load(room, reply[3]);
      else this.#state.catchUp(room, seq, reply[2]);
    } catch (error) {
      this.#needs = 'open';
      throw error;
    }
  }

  async #read(): Promise<void> {
    const { commands, membership } = this.#owner;
    const { epoch, seq, nonce } = this.#state;
    const { state, log, messages } = this.#keys;
    const args = [epoch, String(seq), nonce, this.process, membership.fenceText, String(ROOM_TTL_MS)];
    this.#needs = 'nothing';
    try {
      const reply = (await commands.run(READ, [state, log, messages], args)) as ReadReply;
      if (reply[0] === 'fenced') throw this.#fenced(membership);
      if (reply[0] === 'gone') this.#needs = 'open';
      else if (reply[0] === 'ok') this.#state.follow(seq + 1, reply[2], reply[1]);
      else this.#state.load(decodeRoom(reply[1], this.process), reply[2]);
    } catch (error) {
      if (this.#needs === 'nothing') this.#needs = 'read';
      throw error;
    }
  }

  async #write(): Promise<void> {
    const { commands, membership } = this.#owner;
    const batch = makeBatch(this.fields, this.#state.revision, this.#operations.next(), this.process);
    this.#operations.send(batch.sent, batch.taken);
    if (batch.sent.length === 0) return;
    const { epoch, seq, revision } = this.#state;
    const { state, log, messages, channel } = this.#keys;
    this.#batch += 1;
    const args = [
      ...[epoch, String(seq), this.process, membership.fenceText, this.feed, String(this.#batch)],
      ...[channel, String(ROOM_TTL_MS), String(revision), String(this.#conflicts), ...batch.args],
    ];
    try {
      const reply = (await commands.run(WRITE, [state, log, messages], args)) as WriteReply;
      if (reply[0] === 'fenced') this.#fenced(membership);
      // Also fenced, where another membership has begun meanwhile: it opens the room anew.
      const isGone = reply[0] === 'gone' || reply[0] === 'fenced';
      if (isGone) this.#needs = 'open';
      const left = isGone ? batch.sent : this.#carryOut(batch.sent, reply, seq);
      this.#operations.received(left);
      const last = isGone ? undefined : reply[1].at(-1);
      this.#conflicts = last === 'x' ? this.#conflicts + 1 : 0;
      if (last === 'w') await sleep(TURN_MS);
    } catch (error) {
      if (this.#needs === 'nothing') this.#needs = 'read';
      this.#operations.failed(batch.sent, error);
      throw error;
    }
  }

  /** @returns what has to be tried again */
  #carryOut(sent: readonly Sent[], reply: WriteReply, seen: number): readonly Sent[] {
    const [status, results, nonce, before, missed, flat, newest] = reply;
    if (missed === 0) this.#state.load(decodeRoom(flat ?? [], this.process), newest);
    else this.#state.follow(seen + 1, missed, nonce);
    if (status === 'done') return sent.filter(({ operation }) => !settled(operation));
    let [count, last] = [0, before];
    for (const [at, result] of results.entries()) {
      const each = sent[at];
      if (!each || result === 'x' || result === 'w') break;
      last = this.#settle(each, result) ?? last;
      count += 1;
    }
    if (this.#state.seq === last) this.#state.nonce = nonce;
    return sent.slice(count);
  }

  /** @returns the number of its entry */
  #settle({ operation, entry, verified }: Sent, result: string): number | undefined {
    if (verified) operation.settle(verified);
    else if (result === 'e') operation.settle({ refused: endOf(this.fields.end ?? 'The room has ended.') });
    else if (result === 's') operation.settle({ refused: noSeat() });
    else {
      const [seq, revision] = result.split(' ').map(Number) as [number, number];
      if (entry) this.#state.take(seq, revision, entry);
      const outcome = { revision, change: entry?.c ?? {} };
      this.happened(operation.key, outcome);
      operation.settle(outcome);
      return seq;
    }
    return undefined;
  }

  #ended(reason: string): void {
    this.#isOver = true;
    this.#state.end(reason);
  }

  #fenced(membership: Member): RelayError {
    membership.end();
    return notOpen();
  }
}
