import type { RoomChange, RoomEntry, RoomFields } from '../../../backplane/backplane.js';

/** An entry of a room's streams. */
export interface StreamEntry {
  /** Identifies the operation. */
  readonly o?: string;
  /** The process. */
  readonly b: string;
  readonly c?: RoomChange;
  /** The session that has appended `a`; none: the server. */
  readonly s?: string;
  readonly a?: RoomEntry;
}

/** A change as JSON: without undefined, and without maps. */
interface WireChange {
  /** Fields. */
  readonly f?: Readonly<Record<string, unknown>>;
  /** Entries of maps; one without a value is deleted. */
  readonly m?: Readonly<Record<string, readonly (readonly [string, unknown?])[]>>;
  /** Fields that are deleted, be it maps. */
  readonly d?: readonly string[];
}

/** What the script of a commit needs. */
interface EncodedChange {
  /** Fields of the hash, each with its value. */
  readonly set: readonly string[];
  readonly deleted: readonly string[];
  readonly text: string;
}

const SEATS = 'm:seats:';

/** @param process the encoded id of the process that commits: it owns the seats of the change */
export function encodeChange(
  state: RoomFields,
  change: RoomChange,
  operation: string,
  process: string,
): EncodedChange {
  const set: string[] = [];
  const deleted: string[] = [];
  const f: Record<string, unknown> = {};
  const m: Record<string, [string, unknown?][]> = {};
  const d: string[] = [];
  for (const [name, value] of Object.entries(change)) {
    if (value instanceof Map) {
      m[name] = [...value].map(([key, each]) => (each === undefined ? [key] : [key, each]));
      for (const [key, each] of value as Map<string, unknown>) {
        const field = `m:${name}:${key}`;
        if (each === undefined) deleted.push(field);
        else set.push(field, name === 'seats' ? seatValue(process, each) : JSON.stringify(each));
      }
    } else if (value === undefined) {
      d.push(name);
      deleted.push(`f:${name}`, ...entriesOf(state, name).map((key) => `m:${name}:${key}`));
    } else {
      f[name] = value;
      set.push(`f:${name}`, JSON.stringify(value));
    }
  }
  const wire: WireChange = {
    ...(Object.keys(f).length > 0 && { f }),
    ...(Object.keys(m).length > 0 && { m }),
    ...(d.length > 0 && { d }),
  };
  return { set, deleted, text: JSON.stringify({ o: operation, b: process, c: wire }) };
}

function entriesOf(state: RoomFields, name: string): string[] {
  const entries: unknown = state[name as keyof RoomFields];
  return entries instanceof Map ? [...entries.keys()] : [];
}

export function seatValue(process: string, seat: unknown): string {
  return `${process} ${JSON.stringify(seat)}`;
}

export function encodeEntry(
  sessionId: string | undefined,
  entry: RoomEntry,
  operation: string,
  process: string,
): string {
  return JSON.stringify({ o: operation, b: process, s: sessionId, a: entry });
}

export function decodeEntry(text: string): StreamEntry {
  const { c, ...entry } = JSON.parse(text) as StreamEntry & { c?: WireChange };
  return c ? { ...entry, c: decodeChange(c) } : entry;
}

function decodeChange({ f = {}, m = {}, d = [] }: WireChange): RoomChange {
  const maps = Object.entries(m).map(([name, entries]) => [
    name,
    new Map(entries.map(([key, value]) => [key, value])),
  ]);
  return { ...f, ...Object.fromEntries(maps), ...Object.fromEntries(d.map((name) => [name, undefined])) };
}

/** A room as its hash has it. */
export interface StoredRoom {
  readonly epoch: string;
  /** The epoch in which the room began. */
  readonly kin: string;
  readonly revision: number;
  /** The number of the newest entry. */
  readonly seq: number;
  readonly nonce: string;
  readonly fields: RoomFields;
  /** Of the process that asks. */
  readonly ownSeats: Map<string, unknown>;
}

/** @param flat fields of the hash, each with its value */
export function decodeRoom(flat: readonly string[], process: string): StoredRoom {
  const heads = new Map<string, string>();
  const fields: Record<string, unknown> = {};
  const ownSeats = new Map<string, unknown>();
  for (let at = 0; at < flat.length; at += 2) {
    const [field = '', value = ''] = flat.slice(at, at + 2);
    if (field.startsWith('f:')) fields[field.slice(2)] = JSON.parse(value);
    else if (field.startsWith('m:')) {
      const end = field.indexOf(':', 2);
      const [name, key] = [field.slice(2, end), field.slice(end + 1)];
      const isSeat = field.startsWith(SEATS);
      const parsed: unknown = JSON.parse(isSeat ? value.slice(value.indexOf(' ') + 1) : value);
      fields[name] = ((fields[name] as Map<string, unknown> | undefined) ?? new Map()).set(key, parsed);
      if (isSeat && value.startsWith(`${process} `)) ownSeats.set(key, parsed);
    } else heads.set(field, value);
  }
  const [revision, seq] = [Number(heads.get('r')), Number(heads.get('q'))];
  if (!Number.isSafeInteger(revision) || !Number.isSafeInteger(seq))
    throw new Error('what Redis has of the room is not a room');
  return {
    epoch: heads.get('e') ?? '',
    kin: heads.get('k') ?? '',
    revision,
    seq,
    nonce: heads.get('n') ?? '',
    fields: fields as unknown as RoomFields,
    ownSeats,
  };
}

/** The fields of the hash that hold a state, but for its seats. */
export function encodeState(state: RoomFields): string[] {
  return Object.entries(state).flatMap(([name, value]) => {
    if (name === 'seats' || value === undefined) return [];
    if (!(value instanceof Map)) return [`f:${name}`, JSON.stringify(value)];
    return [...value].flatMap(([key, each]) => [`m:${name}:${key}`, JSON.stringify(each)]);
  });
}
