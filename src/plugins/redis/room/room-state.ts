import type { Outcome, RoomFields } from '../../../backplane/backplane.js';
import { apply } from '../../../backplane/room-change.js';
import type { Tell } from '../../../backplane/tell.js';
import { decodeEntry, type StoredRoom, type StreamEntry } from './change-codec.js';

/** What a state tells of itself. */
export interface StateOwner {
  /** The encoded id of the own process. */
  readonly process: string;
  tell(tell: Tell): void;
  /** The room's streams have an operation, perhaps of the own process. */
  happened(operation: string, outcome: Outcome): void;
}

const NOTHING = {};

/** The newest state of a room that this process knows. It takes entries in the order of their numbers, each once. */
export class RoomState {
  fields: RoomFields = { generation: 0 };
  epoch = '';
  /** The epoch in which the room began. */
  kin = '';
  revision = 0;
  /** The number of the newest entry. */
  seq = 0;
  /** Who wrote it. */
  nonce = '';
  /** The seats of the own process. It knows them better than Redis. */
  ownSeats = new Map<string, unknown>();
  readonly #owner: StateOwner;

  constructor(owner: StateOwner) {
    this.#owner = owner;
  }

  /**
   * Takes the whole state.
   * @param missed lines; sinks are told of the messages among them, as the state has the rest
   */
  load(room: StoredRoom, missed: readonly string[] = []): void {
    Object.assign(this, room);
    this.#owner.tell((sink) => sink.snapshot(this.fields, this.revision));
    for (const line of missed) {
      const { revision, entry } = decodeLine(line);
      if (entry.a) this.#tell(revision, entry);
    }
  }

  /**
   * As `load`, where all that has happened since, or since the epoch began, is known: sinks are told of that.
   * @param seen the number of the entry before; more may have been heard meanwhile
   */
  catchUp(room: StoredRoom, seen: number, missed: readonly string[]): void {
    const isContinued = room.epoch === this.epoch;
    if (isContinued && this.follow(seen + 1, missed, room.nonce))
      Object.assign(this, { ownSeats: room.ownSeats, kin: room.kin });
    else this.load(room, isContinued ? [] : missed);
  }

  /** The room has ended while this process was not one of those that share it. */
  end(reason: string): void {
    if (this.fields.end !== undefined) return;
    apply(this.fields, { end: reason });
    this.#owner.tell((sink) => sink.changed({ end: reason }, this.revision));
  }

  /**
   * Takes lines, each a revision and an entry.
   * @param first the number of the first one
   * @param nonce of the last one
   * @returns false where entries before them are missing
   */
  follow(first: number, lines: readonly string[], nonce: string): boolean {
    const last = first + lines.length - 1;
    if (last < this.seq) return true;
    if (first > this.seq + 1) return false;
    for (const line of lines.slice(this.seq + 1 - first)) {
      const { revision, entry } = decodeLine(line);
      this.take(this.seq + 1, revision, entry);
    }
    if (last === this.seq) this.nonce = nonce;
    return true;
  }

  /** Takes one entry, if it is the next one. */
  take(seq: number, revision: number, entry: StreamEntry): void {
    if (seq !== this.seq + 1) return;
    const { b, c } = entry;
    this.seq = seq;
    this.revision = revision;
    if (c) {
      apply(this.fields, c);
      for (const [id, seat] of c.seats ?? []) {
        if (seat !== undefined && b === this.#owner.process) this.ownSeats.set(id, seat);
        else this.ownSeats.delete(id);
      }
    }
    this.#tell(revision, entry);
  }

  #tell(revision: number, { o, c, s, a }: StreamEntry): void {
    // Told before its outcome: a sink may commit, and its change follows this one.
    this.#owner.tell((sink) => {
      if (c) sink.changed(c, revision);
      else if (a) sink.appended(s, a);
    });
    if (o !== undefined) this.#owner.happened(o, { revision, change: c ?? NOTHING });
  }
}

/** A line is a revision, a space, and an entry. */
function decodeLine(line: string): { revision: number; entry: StreamEntry } {
  const space = line.indexOf(' ');
  return { revision: Number(line.slice(0, space)), entry: decodeEntry(line.slice(space + 1)) };
}
