// @ts-check
/**
 * Live room: first the entry page, then the room.
 * `?room=…&name=…` fills in the entry page, `&auto=watch` or `&auto=live` joins at once.
 */
import { Entry } from './entry.js';
import { RoomView } from './room-view.js';

const query = new URLSearchParams(location.search);
const auto = query.get('auto');

const view = new RoomView({ onLeave: () => entry.show() });
const entry = new Entry({
  room: query.get('room'),
  name: query.get('name'),
  onEnter: (visit) => {
    const url = new URL('/', location.href);
    url.searchParams.set('room', visit.roomId);
    if (query.has('moderator')) url.searchParams.set('moderator', '');
    url.hash = location.hash;
    history.replaceState(null, '', url);
    view.enter(visit);
  },
});

if (auto === 'watch' || auto === 'live') {
  if (!query.has('name')) entry.useRandomName();
  entry.submit(auto === 'live');
} else {
  entry.show();
}
