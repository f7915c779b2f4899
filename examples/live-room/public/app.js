// @ts-check
/**
 * Live room: first the entry page, then the room.
 * `?room=…&name=…` fills in the entry page, `&auto=watch` or `&auto=live` joins at once. A reload returns to the room.
 */
import { Entry } from './entry.js';
import { keepFocus } from './focus.js';
import { RoomView } from './room-view.js';
import { endVisit, keepVisit, presentVisit } from './visit.js';

const query = new URLSearchParams(location.search);
const auto = query.get('auto');

keepFocus();
const view = new RoomView({
  onChange: keepVisit,
  onEnd: endVisit,
  onLeave: () => entry.show(),
});
const entry = new Entry({
  room: query.get('room'),
  name: query.get('name'),
  onEnter: (visit) => {
    keepVisit({ ...visit, live: false });
    view.enter(visit);
  },
});

const visit = presentVisit();
if (visit) {
  // Nobody is filmed without having asked for it just now.
  view.enter({ ...visit, live: false, wasLive: visit.live });
} else if (auto === 'watch' || auto === 'live') {
  if (!query.has('name')) entry.useRandomName();
  entry.submit(auto === 'live');
} else {
  entry.show();
}
