// @ts-check
/**
 * Who may do what in this demo: everybody anything, and whoever opened a room, or says `?moderator`, moderates it.
 * A real application knows its users by a token that it has signed, and takes no page's word for being a moderator.
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
    // Over HTTP a request names room and user itself.
    if (!roomId || !userId) return {};
    if (!isOpen(roomId)) {
      for (const each of owners.keys()) if (!isOpen(each)) owners.delete(each);
      if (token) owners.set(roomId, token);
    }
    const owns = token !== undefined && owners.get(roomId) === token;
    return { userId, grants: { room: roomId, roomAdmin: owns || query.has('moderator') } };
  };
}
