import { RelayError } from '../protocol/errors.js';
import type { Outcome, Propose, Refusal, RoomChange, RoomFields } from './backplane.js';

type Entries = Map<string, unknown>;

/** Of what changes nothing of the room's state. */
export const UNCHANGED: Outcome = { revision: 0, change: {} };

/** Runs `propose` where the room has not ended. */
export function decide(state: RoomFields, propose: Propose): RoomChange | Refusal {
  return state.end === undefined ? propose(state) : { refused: endOf(state.end) };
}

export function endOf(reason: string): RelayError {
  return new RelayError('ERR_RELAY_ROOM_ENDED', reason);
}

/** Whether nothing would be set or deleted. */
export function isEmpty(change: RoomChange): boolean {
  return Object.values(change).every((value) => value instanceof Map && value.size === 0);
}

/** Changes the state in place: a mute costs the same whatever else is muted. */
export function apply(state: RoomFields, change: RoomChange): void {
  const fields = state as RoomFields & Record<string, unknown>;
  for (const [name, value] of Object.entries(change)) {
    if (value instanceof Map) fields[name] = merged(fields[name] as Entries | undefined, value);
    else fields[name] = value;
  }
}

/** The changed state; the given one stays as it is. */
export function applied(state: RoomFields, change: RoomChange): RoomFields {
  const next: Record<string, unknown> = { ...state };
  for (const name of Object.keys(change)) if (next[name] instanceof Map) next[name] = new Map(next[name]);
  apply(next as unknown as RoomFields, change);
  return next as unknown as RoomFields;
}

/** Undefined where no entry is left. */
function merged(entries: Entries = new Map(), changes: Entries): Entries | undefined {
  for (const [key, value] of changes) {
    if (value === undefined) entries.delete(key);
    else entries.set(key, value);
  }
  return entries.size > 0 ? entries : undefined;
}

/** A process has ended, or is taken for dead: its sessions are no longer in the room. */
export function proposeReap({ seats, audience, gates, claims }: RoomFields, processId: string): RoomChange {
  const lost = [...(seats ?? [])].filter(([, seat]) => seat.processId === processId);
  const left = [...(gates?.keys() ?? [])].filter((key) => key.endsWith(` ${processId}`));
  const claimed = [...(claims?.keys() ?? [])].filter((key) => key.startsWith(`${processId} `));
  return {
    ...(lost.length > 0 && { seats: new Map(lost.map(([sessionId]) => [sessionId, undefined])) }),
    ...(audience?.has(processId) && { audience: new Map([[processId, undefined]]) }),
    ...(claimed.length > 0 && { claims: new Map(claimed.map((key) => [key, undefined])) }),
    ...(left.length > 0 && { gates: new Map(left.map((key) => [key, undefined])) }),
  };
}
