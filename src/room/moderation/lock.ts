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
