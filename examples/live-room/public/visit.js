// @ts-check
/**
 * The visit to a room that this tab is on, kept with its entry of the history: a reload comes back to the room. A link to
 * the page does not contain it.
 */

/** @typedef {{ roomId: string, name: string, live: boolean }} Visit live: whether this person sends anything */

/** @returns {Visit | undefined} */
export const presentVisit = () => history.state?.visit;

/** @param {Visit} visit */
export function keepVisit(visit) {
  const url = new URL('/', location.href);
  url.searchParams.set('room', visit.roomId);
  for (const option of ['moderator', 'simulcast'])
    if (new URLSearchParams(location.search).has(option)) url.searchParams.set(option, '');
  url.hash = location.hash;
  history.replaceState({ visit }, '', url);
}

export const endVisit = () => history.replaceState(null, '');
