import type { RoomChange, RoomFields } from '../../backplane/backplane.js';

/** `regulars`: the users who may rejoin. */
export function proposeLock({ locked }: RoomFields, regulars: readonly string[]): RoomChange {
  return locked ? {} : { locked: true, regulars: new Map(regulars.map((userId) => [userId, true])) };
}

export function proposeUnlock({ locked }: RoomFields): RoomChange {
  return locked ? { locked: undefined, regulars: undefined } : {};
}

/** The user has been removed from the room: a lock applies to them like to anybody. */
export function proposeRemoval({ regulars }: RoomFields, userId: string): RoomChange {
  return regulars?.has(userId) ? { regulars: new Map([[userId, undefined]]) } : {};
}
