// @ts-check
/**
 * The grants of this demo: everybody may do everything, and the user who opened a room, or claims `?moderator`, moderates
 * it. A real application identifies its users by signed tokens, and does not trust such a claim.
 */

/**
 * @param {(roomId: string) => boolean} isOpen whether there is such a room
 * @returns {import('sfu-relay').Authenticate}
 */
export function admitVisitors(isOpen) {
  /** Whose room it is, by the token that the page has made up; for as long as it is open. @type {Map<string, string>} */
  const owners = new Map();

  return ({ url, token }) => {
    const query = new URL(url, 'http://localhost').searchParams;
    const roomId = query.get('room');
    const userId = query.get('name');
    // An HTTP request contains room and user itself.
    if (!roomId || !userId) return {};
    if (!isOpen(roomId)) {
      for (const each of owners.keys()) if (!isOpen(each)) owners.delete(each);
      if (token) owners.set(roomId, token);
    }
    const owns = token !== undefined && owners.get(roomId) === token;
    return { userId, grants: { room: roomId, roomAdmin: owns || query.has('moderator') } };
  };
}
