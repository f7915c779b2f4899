/** A session's place, as it is written into its uid on the SFU. */
export interface Place {
  roomId: string;
  userId: string;
  sessionId: string;
}

/**
 * The SFU keeps its peers by uid for all rooms together, so every session has a uid of its own, made of room,
 * user and session, and readable in the SFU's log: `lobby/alice/0b6f…`.
 */
export function encodeUid({ roomId, userId, sessionId }: Place): string {
  return [roomId, userId, sessionId].map(encodeURIComponent).join('/');
}

/** Undefined where the uid is not one of a relay's. */
export function decodeUid(uid: string): Place | undefined {
  try {
    const [roomId, userId, sessionId, ...more] = uid.split('/').map(decodeURIComponent);
    return roomId && userId && sessionId && more.length === 0 ? { roomId, userId, sessionId } : undefined;
  } catch {
    return undefined;
  }
}
