import type { JoinResult, Participant, Track, TracksEvent } from '../../protocol/messages.js';
import type { Emit } from '../common/events.js';
import type { Lifecycle } from './lifecycle.js';

type Notify = (method: string, params: object) => void;

const differ = (one: unknown, other: unknown) => JSON.stringify(one) !== JSON.stringify(other);

/**
 * Takes over the state of the room after too many messages about it were missed, and emits what has changed.
 * @param notify applies a notification of the relay
 * @returns called when the rest of the list has arrived: who is not in it has left
 */
export function takeSnapshot(
  { revision, participants, audience, grants, role, locked, listed, muted = [], messages }: JoinResult,
  { session, others, messages: feed }: Lifecycle,
  notify: Notify,
  emit: Emit,
): () => void {
  const own = session?.joinResult as JoinResult;
  const known = [...others.participants.values()];
  const changes = participants.flatMap((after) => {
    const before = known.find(({ sessionId }) => sessionId === after.sessionId);
    return before ? trackChanges(before, after, revision) : [];
  });
  notify('participants', {
    revision,
    joined: participants,
    audience: differ(audience, others.audience) ? audience : undefined,
  });
  for (const change of changes) {
    emit('tracks', change);
    if (change.state === 'removed') session?.remoteTracks.withdrawn(change.tracks);
  }
  own.listed = listed;
  if (differ([own.grants, own.role], [grants, role])) notify('grants', { grants, role });
  if (own.locked !== locked) notify('room', { locked });
  const wasMuted = own.muted ?? [];
  for (const trackId of new Set([...wasMuted, ...muted])) {
    const isMuted = muted.includes(trackId);
    if (isMuted !== wasMuted.includes(trackId)) notify('mute', { trackId, muted: isMuted });
  }
  feed.replay(messages);
  return () => {
    // Neither the snapshot nor a later event has an entry for them.
    const missing = known.filter((each) => others.participants.get(each.sessionId) === each);
    const left = missing.map(({ sessionId }) => sessionId);
    if (left[0]) notify('participants', { revision: others.revision, left });
  };
}

/** The events of the tracks of one participant. */
function trackChanges(before: Participant, after: Participant, revision: number): TracksEvent[] {
  const { sessionId, userId } = after;
  const find = ({ tracks }: Participant, { trackId }: Track) =>
    tracks.find((each) => each.trackId === trackId);
  const changes = {
    removed: before.tracks.filter((track) => !find(after, track)),
    added: after.tracks.filter((track) => !find(before, track)),
    updated: after.tracks.filter((track) => differ(track, find(before, track) ?? track)),
  };
  return (['removed', 'added', 'updated'] as const).flatMap((state) => {
    const tracks = changes[state];
    return tracks[0] ? [{ revision, state, sessionId, userId, tracks }] : [];
  });
}
