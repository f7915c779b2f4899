import type {
  Outcome,
  Propose,
  Refusal,
  RoomChange,
  RoomEntry,
  RoomFields,
} from '../../../backplane/backplane.js';
import { apply, decide, isEmpty } from '../../../backplane/room-change.js';
import { encodeChange, encodeEntry, type StreamEntry } from './change-codec.js';

/** What a process wants of a room: a commit, or an entry, which is the server's without `session`. */
export interface Operation {
  /** Identifies it in the room's streams. */
  readonly key: string;
  readonly propose?: Propose;
  readonly session?: string | undefined;
  readonly entry?: RoomEntry;
  /** An earlier attempt may have been carried out. */
  readonly isRepeated: boolean;
  /** Set once the room's streams have it. */
  outcome?: Outcome | undefined;
  settle(outcome: Outcome): void;
  fail(error: unknown): void;
}

/** An operation as the script gets it. */
export interface Sent {
  readonly operation: Operation;
  /** What it enters in the streams. */
  readonly entry?: StreamEntry;
  /** The outcome, if the revision is verified. */
  readonly verified?: Outcome | Refusal;
}

export interface Batch {
  readonly sent: readonly Sent[];
  readonly args: readonly string[];
  /** The number of operations that are in the batch, or have failed. */
  readonly taken: number;
}

const MAX_OPERATIONS = 256;
/** Characters. Redis does nothing else while it runs a script. */
const MAX_SIZE = 512 * 1024;

/**
 * Decides on operations one after the other, each on the state that the earlier ones would leave, which is reverted in the end. An
 * operation whose proposal throws fails at once.
 */
export function makeBatch(
  state: RoomFields,
  revision: number,
  operations: readonly Operation[],
  process: string,
): Batch {
  const sent: Sent[] = [];
  const args: string[] = [];
  const undo: (() => void)[] = [];
  let taken = 0;
  let size = 0;
  let next = revision;
  try {
    for (const operation of operations) {
      if (sent.length === MAX_OPERATIONS || size > MAX_SIZE) break;
      taken += 1;
      const { key, session, entry, propose } = operation;
      const from = args.length;
      if (entry) {
        args.push(
          'a',
          session ?? '',
          encodeEntry(session, entry, key, process),
          operation.isRepeated ? '1' : '0',
        );
        sent.push({
          operation,
          entry: { o: key, b: process, ...(session !== undefined && { s: session }), a: entry },
        });
      } else if (propose) {
        let change: RoomChange | Refusal;
        try {
          change = decide(state, propose);
        } catch (error) {
          operation.fail(error);
          continue;
        }
        if ('refused' in change || isEmpty(change)) {
          args.push('v');
          const verified = 'refused' in change ? change : { revision: next, change };
          sent.push({ operation, verified });
        } else {
          const { set, deleted, text } = encodeChange(state, change, key, process);
          args.push('c', String(set.length / 2), ...set, String(deleted.length), ...deleted, text);
          undo.push(revertible(state, change));
          apply(state, change);
          next += 1;
          sent.push({ operation, entry: { o: key, b: process, c: change } });
        }
      }
      for (let at = from; at < args.length; at += 1) size += args[at]?.length ?? 0;
    }
  } finally {
    for (const revert of undo.reverse()) revert();
  }
  return { sent, args, taken };
}

/** @returns what reverts the change once it has been applied; it costs what the change costs */
function revertible(state: RoomFields, change: RoomChange): () => void {
  const before: RoomChange = Object.fromEntries(
    Object.entries(change).map(([name, value]) => {
      const old: unknown = state[name as keyof RoomFields];
      if (!(value instanceof Map)) return [name, old];
      const entries = old instanceof Map ? old : new Map();
      return [name, new Map([...value.keys()].map((key) => [key, entries.get(key)]))];
    }),
  );
  const had = new Set(Object.keys(state));
  return () => {
    const fields = state as unknown as Record<string, unknown>;
    for (const [name, value] of Object.entries(before)) {
      // A map of before is put back as it was.
      if (value instanceof Map && !(change[name as keyof RoomChange] instanceof Map)) fields[name] = value;
      else apply(state, { [name]: value });
      if (!had.has(name) && fields[name] === undefined) delete fields[name];
    }
  };
}
