import { beforeEach, expect, test } from 'vitest';
import { type ParticipantList, participantList } from '../../../../src/client/room/participant-list.js';
import { joinResult, participant, track } from '../participant.js';

let others: ParticipantList;
beforeEach(() => {
  others = participantList();
  others.reset(joinResult({ participants: [participant('bob', track('t1'))], revision: 10 }));
});

const tracksOf = (sessionId: string) =>
  others.participants.get(sessionId)?.tracks.map(({ trackId }) => trackId);
const change = { sessionId: 'bob', userId: 'user of bob' };

test('starts from the join result, and follows everybody who comes, changes and goes', () => {
  others.applyParticipants({ from: 10, revision: 11, joined: [participant('eve')] });
  expect([...others.participants.keys()]).toEqual(['bob', 'eve']);
  others.applyParticipants({
    ...{ from: 11, revision: 12 },
    updated: [{ ...participant('eve'), metadata: { hand: 'up' } }],
  });
  expect(others.participants.get('eve')?.metadata).toEqual({ hand: 'up' });
  others.applyParticipants({ from: 12, revision: 13, left: ['bob'] });
  expect([...others.participants.keys()]).toEqual(['eve']);
});

test('follows the tracks, and knows whose each is', () => {
  others.applyTracks({ revision: 11, state: 'added', ...change, tracks: [track('t2'), track('t3')] });
  expect(tracksOf('bob')).toEqual(['t1', 't2', 't3']);
  expect(others.ownerOf('t3')?.userId).toBe('user of bob');

  others.applyTracks({
    revision: 12,
    state: 'updated',
    ...change,
    tracks: [{ ...track('t2'), muted: true }],
  });
  expect(others.participants.get('bob')?.tracks.map(({ muted }) => muted)).toEqual([false, true, false]);

  others.applyTracks({ revision: 13, state: 'removed', ...change, tracks: [track('t2')] });
  expect(tracksOf('bob')).toEqual(['t1', 't3']);
  expect(others.ownerOf('t2')).toBeUndefined();
});

test('takes no event that is older than what it knows, and minds no gap: our own changes are counted, not told', () => {
  expect(others.applyTracks({ revision: 10, state: 'removed', ...change, tracks: [track('t1')] })).toBe(
    false,
  );
  expect(others.applyTracks({ revision: 15, state: 'added', ...change, tracks: [track('t2')] })).toBe(true);
  expect(others.applyParticipants({ from: 13, revision: 14, left: ['bob'] })).toBeUndefined();
  expect(tracksOf('bob')).toEqual(['t1', 't2']);
});

test('keeps what it was given apart from the events that brought it', () => {
  const event = participant('eve', track('t9'));
  others.applyParticipants({ from: 10, revision: 11, joined: [event] });
  others.applyTracks({ revision: 12, state: 'added', sessionId: 'eve', userId: 'u', tracks: [track('t10')] });
  expect(event.tracks).toHaveLength(1);
});

test('tells each change, but nothing that it knows already, and nothing of ourselves', () => {
  const eve = participant('eve');
  const event = {
    from: 9,
    revision: 12,
    joined: [participant('bob', track('t1')), participant('mine'), eve],
  };
  expect(others.applyParticipants(event)).toEqual([{ revision: 12, state: 'joined', participant: eve }]);
  expect(others.applyParticipants({ from: 12, revision: 13, left: ['eve', 'nobody'] })).toEqual([
    { revision: 13, state: 'left', participant: eve },
  ]);
});

test('tells as an update what differs from the join result, although its event calls the participant new', () => {
  const bob = { ...participant('bob', track('t1')), metadata: { hand: 'up' } };
  expect(others.applyParticipants({ from: 9, revision: 11, joined: [bob] })).toEqual([
    { revision: 11, state: 'updated', participant: bob },
  ]);
  expect(others.participants.get('bob')?.metadata).toEqual({ hand: 'up' });
});

test('counts the audience, whose members come onto the list and leave it', () => {
  others.applyParticipants({ from: 10, revision: 12, audience: { count: 7 }, unlisted: ['bob'] });
  expect(others.audience).toEqual({ count: 7 });
  expect([...others.participants.keys()]).toEqual([]);
  const changes = others.applyParticipants({ from: 12, revision: 13, listed: [participant('bob')] });
  expect(changes?.map(({ state }) => state)).toEqual(['listed']);
  expect(others.audience).toEqual({ count: 7 });
});

test('keeps up to date whether this client is listed itself', () => {
  const result = joinResult({ listed: true, revision: 10 });
  others.reset(result);
  others.applyParticipants({ from: 10, revision: 11, unlisted: [result.sessionId] });
  expect(result.listed).toBe(false);
  others.applyParticipants({ from: 11, revision: 12, listed: [participant(result.sessionId)] });
  expect([result.listed, others.participants.size]).toEqual([true, 0]);
});

test('takes the rest of a list that was too long for the join result', () => {
  for (const name of ['eve', 'ada'])
    others.applyParticipants({ from: 10, revision: 10, listed: [participant(name)] });
  expect([...others.participants.keys()]).toEqual(['bob', 'eve', 'ada']);
});

test('a session id that leaves and comes back within one event is there again', () => {
  others.applyParticipants({ from: 10, revision: 12, left: ['bob'], joined: [participant('bob')] });
  expect([...others.participants.keys()]).toEqual(['bob']);
});
