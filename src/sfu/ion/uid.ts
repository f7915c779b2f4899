import type { SfuPeerId } from '../sfu.js';

const PLAIN = /^[\w.-]+$/;

/**
 * Ion identifies peers by uid across all rooms, so every session has a uid of its own: room, user and session, readable in the
 * SFU's log as `lobby/alice/0b6f…`. The uids of a session's later peers end in their number, because Ion hides the older one of
 * two peers with the same uid.
 */
export function encodeUid({ roomId, userId, sessionId, peer = 1 }: SfuPeerId): string {
  const uid = `${encodePart(roomId)}/${encodePart(userId)}/${encodePart(sessionId)}`;
  return peer === 1 ? uid : `${uid}/${peer}`;
}

/**
 * Ion's id of a room: the room's own id in its first placement, later with the generation, so that a room never meets the peers that an
 * earlier placement has left behind. An id that looks as if it had a generation always gets one: `a~2` is the room `a`.
 */
export function encodeSid(roomId: string, generation: number): string {
  return generation === 1 && !roomId.includes('~') ? roomId : `${roomId}~${generation}`;
}

/** Most ids need no escapes, whose search costs a join more than this test. */
function encodePart(id: string): string {
  return PLAIN.test(id) ? id : encodeURIComponent(id);
}

/** Undefined for a uid that no relay has made. */
export function decodeUid(uid: string): SfuPeerId | undefined {
  try {
    const [roomId, userId, sessionId, peer = '1', ...more] = uid.split('/').map(decodeURIComponent);
    if (!roomId || !userId || !sessionId || !/^[1-9]\d*$/.test(peer) || more.length > 0) return undefined;
    return { roomId, userId, sessionId, ...(peer !== '1' && { peer: Number(peer) }) };
  } catch {
    return undefined;
  }
}
