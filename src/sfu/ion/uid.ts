import type { SfuPeerId } from '../sfu.js';

/**
 * The SFU keeps its peers by uid for all rooms together, so every session has a uid of its own, made of room,
 * user and session, and readable in the SFU's log: `lobby/alice/0b6f…`. Later peers of a session have their number
 * behind it, as the SFU hides the older one of two peers with the same uid.
 */
export function encodeUid({ roomId, userId, sessionId, peer = 1 }: SfuPeerId): string {
  const uid = [roomId, userId, sessionId].map(encodeURIComponent).join('/');
  return peer === 1 ? uid : `${uid}/${peer}`;
}

/** Undefined where the uid is not one of a relay's. */
export function decodeUid(uid: string): SfuPeerId | undefined {
  try {
    const [roomId, userId, sessionId, peer = '1', ...more] = uid.split('/').map(decodeURIComponent);
    if (!roomId || !userId || !sessionId || !/^[1-9]\d*$/.test(peer) || more.length > 0) return undefined;
    return { roomId, userId, sessionId, ...(peer !== '1' && { peer: Number(peer) }) };
  } catch {
    return undefined;
  }
}
