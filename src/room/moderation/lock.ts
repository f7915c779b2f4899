import type { RoomChange, RoomFields } from '../../backplane/backplane.js';

/** `regulars`: the users who may rejoin, besides those with seats. */
export function proposeLock({ locked, seats }: RoomFields, regulars: readonly string[]): RoomChange {
  if (locked) return {};
  const seated = [...(seats?.values() ?? [])].filter(({ isNamed }) => isNamed);
  const users = [...regulars, ...seated.map(({ userId }) => userId)];
  return { locked: true, regulars: new Map(users.map((userId) => [userId, true])) };
}

/** These users are in the room that was locked. */
export function proposeRegulars({ locked, regulars }: RoomFields, users: readonly string[]): RoomChange {
  const missing = locked ? users.filter((userId) => !regulars?.has(userId)) : [];
  return missing.length > 0 ? { regulars: new Map(missing.map((userId) => [userId, true])) } : {};
}

export function proposeUnlock({ locked }: RoomFields): RoomChange {
  return locked ? { locked: undefined, regulars: undefined } : {};
}

/** The user has been removed from the room: a lock applies to them like to anybody. */
export function proposeRemoval({ regulars }: RoomFields, userId: string): RoomChange {
  return regulars?.has(userId) ? { regulars: new Map([[userId, undefined]]) } : {};
}

/** As `proposeRemoval`; and nothing that the user has sent arrives any more. */
export function proposeKick(state: RoomFields, userId: string, reason: string): RoomChange {
  const lost = [...(state.seats ?? [])].filter(([, seat]) => seat.userId === userId);
  if (lost.length === 0) return proposeRemoval(state, userId);
  return {
    ...proposeRemoval(state, userId),
    seats: new Map(lost.map(([sessionId]) => [sessionId, undefined])),
    removals: new Map(lost.map(([sessionId]) => [sessionId, reason])),
  };
}
