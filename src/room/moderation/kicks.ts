import type { Kick, RoomChange, RoomFields } from '../../backplane/backplane.js';

/** Removals that a room remembers, for the processes that hear of them late. */
const MAX_KICKS = 100;

/** The number of the room's newest removal; 0 where there was none. */
export function lastKick({ kicks }: RoomFields): number {
  let last = 0;
  for (const { number } of kicks?.values() ?? []) last = Math.max(last, number);
  return last;
}

/**
 * The user has been removed from the room: nothing that the user has sent arrives any more, and a lock applies to them like to
 * anybody.
 */
export function proposeKick(state: RoomFields, userId: string, reason: string): RoomChange {
  const { regulars, seats, kicks } = state;
  const lost = [...(seats ?? [])].filter(([, seat]) => seat.userId === userId);
  const oldest = [...(kicks ?? [])].filter(([each]) => each !== userId);
  oldest.sort(([, one], [, other]) => one.number - other.number);
  const forgotten = oldest.slice(0, Math.max(0, oldest.length + 1 - MAX_KICKS));
  const kick: Kick = { number: lastKick(state) + 1, reason };
  return {
    ...(regulars?.has(userId) && { regulars: new Map([[userId, undefined]]) }),
    ...(lost.length > 0 && {
      seats: new Map(lost.map(([sessionId]) => [sessionId, undefined])),
      removals: new Map(lost.map(([sessionId]) => [sessionId, reason])),
    }),
    kicks: new Map([...forgotten.map(([each]) => [each, undefined] as const), [userId, kick] as const]),
  };
}
