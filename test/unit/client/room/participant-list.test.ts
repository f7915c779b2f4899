import { beforeEach, expect, test } from 'vitest';
import { type ParticipantList, participantList } from '../../../../src/client/room/participant-list.js';
import { participant, track } from '../participant.js';

let roster: ParticipantList;
beforeEach(() => {
  roster = participantList();
  roster.reset([participant('bob', track('t1'))], 10);
});

const tracksOf = (sessionId: string) =>
  roster.participants.get(sessionId)?.tracks.map(({ trackId }) => trackId);
const change = { sessionId: 'bob', userId: 'user of bob' };

test('starts from the join result, and follows everybody who comes, changes and goes', () => {
  roster.applyParticipants({ revision: 11, state: 'joined', participant: participant('eve') });
  expect([...roster.participants.keys()]).toEqual(['bob', 'eve']);
  roster.applyParticipants({
    revision: 12,
    state: 'updated',
    participant: { ...participant('eve'), metadata: { hand: 'up' } },
  });
  expect(roster.participants.get('eve')?.metadata).toEqual({ hand: 'up' });
  roster.applyParticipants({ revision: 13, state: 'left', participant: participant('bob') });
  expect([...roster.participants.keys()]).toEqual(['eve']);
});

test('follows the tracks, and knows whose each is', () => {
  roster.applyTracks({ revision: 11, state: 'added', ...change, tracks: [track('t2'), track('t3')] });
  expect(tracksOf('bob')).toEqual(['t1', 't2', 't3']);
  expect(roster.ownerOf('t3')?.userId).toBe('user of bob');

  roster.applyTracks({
    revision: 12,
    state: 'updated',
    ...change,
    tracks: [{ ...track('t2'), muted: true }],
  });
  expect(roster.participants.get('bob')?.tracks.map(({ muted }) => muted)).toEqual([false, true, false]);

  roster.applyTracks({ revision: 13, state: 'removed', ...change, tracks: [track('t2')] });
  expect(tracksOf('bob')).toEqual(['t1', 't3']);
  expect(roster.ownerOf('t2')).toBeUndefined();
});

test('takes no event that is older than what it knows, and minds no gap: our own changes are counted, not told', () => {
  expect(roster.applyTracks({ revision: 10, state: 'removed', ...change, tracks: [track('t1')] })).toBe(
    false,
  );
  expect(roster.applyTracks({ revision: 15, state: 'added', ...change, tracks: [track('t2')] })).toBe(true);
  expect(roster.applyParticipants({ revision: 14, state: 'left', participant: participant('bob') })).toBe(
    false,
  );
  expect(tracksOf('bob')).toEqual(['t1', 't2']);
});

test('keeps what it was given apart from the events that brought it', () => {
  const event = participant('eve', track('t9'));
  roster.applyParticipants({ revision: 11, state: 'joined', participant: event });
  roster.applyTracks({ revision: 12, state: 'added', sessionId: 'eve', userId: 'u', tracks: [track('t10')] });
  expect(event.tracks).toHaveLength(1);
});
