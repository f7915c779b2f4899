import { randomUUID } from 'node:crypto';
import type { RoomMessage } from '../protocol/types.js';
import { wallClock } from '../util/wall-clock.js';

/** What the room is told of a counted kind: the messages since the last time, and all so far. */
export function counted(kind: string, count: number, total: number): RoomMessage {
  return { id: randomUUID(), kind, data: { count, total }, at: wallClock() };
}

/** A custom kind may have no valid count: it counts as one. */
export function countOf(data: unknown): number {
  const { count } = (data ?? {}) as { count?: unknown };
  return Number.isSafeInteger(count) ? (count as number) : 1;
}
