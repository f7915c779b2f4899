import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ParticipantsEvent, RoomMessage, TracksEvent } from '../../../src/index.js';
import type { RoomSession } from '../../../src/room/participants/room-member.js';
import { RoomMembers } from '../../../src/room/participants/room-members.js';

const INTERVAL_MS = 250;
const NOTHING: ReadonlySet<string> = new Set();

const video = (owner: string) => ({
  ...{ trackId: owner, streamId: owner, layers: [], muted: false },
  kind: 'video' as const,
});

/** A participant that remembers what it is told. */
function listener(id: string, overrides: Partial<RoomSession> = {}) {
  const heard: (ParticipantsEvent | TracksEvent | RoomMessage)[] = [];
  const hear = (event: (typeof heard)[number]) => void heard.push(event);
  const session: RoomSession = {
    ...{ id, userId: id, role: 'subscriber', hidden: false, grants: {} },
    emitter: {
      notifyParticipants: hear,
      notifyTracks: hear,
      notifyMessage: hear,
      notifyDeletion: () => {},
      notifyRoom: () => {},
    },
    ...overrides,
  };
  return { session, heard, take: () => heard.splice(0) };
}

function stage({ most = 100, size = 0, slice = 500 } = {}) {
  const members = new RoomMembers(
    { maxListedParticipants: most, participantsIntervalMs: INTERVAL_MS },
    slice,
  );
  const join = (
    id: string,
    { publishes = false, ...overrides }: Partial<RoomSession> & { publishes?: boolean } = {},
  ) => {
    const joined = listener(id, overrides);
    members.add(joined.session, { tracks: publishes ? [video(id)] : [], cut: NOTHING });
    return joined;
  };
  const witness = join('witness');
  for (let n = 1; n < size; n += 1) join(`viewer-${n}`);
  const settle = () => void vi.advanceTimersByTime(10 * INTERVAL_MS);
  settle();
  witness.take();
  return { members, join, witness, settle };
}

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'],
  });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a small room', () => {
  test('hears of the first one at once, and of those that follow in one event', () => {
    const { join, witness, settle } = stage();
    join('bob');
    expect(witness.take()).toMatchObject([{ joined: [{ userId: 'bob' }] }]);
    join('carol');
    join('dave');
    expect(witness.take()).toEqual([]);
    settle();
    expect(witness.take()).toMatchObject([{ joined: [{ userId: 'carol' }, { userId: 'dave' }] }]);
  });

  test('does not hear of one who comes and goes within an interval', () => {
    const { members, join, witness, settle } = stage();
    join('bob');
    witness.take();
    members.remove(join('carol').session);
    settle();
    expect(witness.take()).toEqual([]);
  });

  test('hears that one has gone who was there only for the result of a join', () => {
    const { members, join, witness, settle } = stage();
    join('bob');
    witness.take();
    const brief = join('carol');
    const newcomer = join('dave');
    expect(members.snapshot('dave', 10_000).participants).toMatchObject([{}, {}, { userId: 'carol' }]);
    members.remove(brief.session);
    settle();
    expect(newcomer.take()).toMatchObject([{ left: ['carol'] }]);
  });

  test('hears of a burst of leaves in one event', () => {
    const { members, join, witness, settle } = stage();
    const others = Array.from({ length: 50 }, (_, n) => join(`guest-${n}`));
    settle();
    witness.take();
    for (const { session } of others) members.remove(session);
    settle();
    const events = witness.take() as ParticipantsEvent[];
    expect(events.length).toBeLessThanOrEqual(2);
    expect(events.flatMap(({ left = [] }) => left)).toHaveLength(50);
  });
});

describe('a large room', () => {
  const most = 10;

  test('hears of viewers in one event an interval, and of those beyond the list as a number', () => {
    const { members, join, witness, settle } = stage({ most, size: 20 });
    const crowd = Array.from({ length: 30 }, (_, n) => join(`late-${n}`));
    expect(witness.take()).toEqual([]);
    settle();
    expect(witness.take()).toMatchObject([{ audience: { count: 40 } }]);
    for (const { session } of crowd) members.remove(session);
    settle();
    const [event, ...more] = witness.take() as ParticipantsEvent[];
    expect(more).toEqual([]);
    expect(event).toEqual({
      from: expect.any(Number),
      revision: members.revision,
      audience: { count: 10 },
    });
  });

  test('hears of publishers and moderators at once, with what was gathered before', () => {
    const { members, join, witness } = stage({ most, size: 20 });
    join('late');
    const publisher = join('publisher', { publishes: true });
    expect(witness.take()).toMatchObject([{ joined: [{ userId: 'publisher' }], audience: { count: 12 } }]);
    const moderator = join('moderator', { grants: { roomAdmin: true } });
    expect(witness.take()).toMatchObject([{ joined: [{ userId: 'moderator' }] }]);
    members.setTracks(publisher.session, {
      tracks: [video('publisher'), video('another')],
      cut: NOTHING,
    });
    expect(witness.take()).toMatchObject([{ state: 'added', tracks: [{ trackId: 'another' }] }]);
    members.remove(moderator.session);
    expect(witness.take()).toMatchObject([{ left: ['moderator'] }]);
  });

  test('lists a viewer who begins to publish before it hears of the tracks', () => {
    const { members, join, witness, settle } = stage({ most, size: 20 });
    const late = join('late');
    settle();
    witness.take();
    members.setTracks(late.session, { tracks: [video('late')], cut: NOTHING });
    expect(witness.take()).toMatchObject([
      { listed: [{ userId: 'late' }], unlisted: [expect.any(String)] },
      { state: 'added', sessionId: 'late' },
    ]);
  });

  test('lists a viewer who writes, instead of one who did not', () => {
    const { members, join, witness, settle } = stage({ most, size: 20 });
    join('late');
    settle();
    witness.take();
    const from = { sessionId: 'late', userId: 'late' };
    members.deliver({ id: '1', kind: 'chat', data: {}, from, at: 0 }, false);
    expect(witness.take()).toMatchObject([{ id: '1' }]);
    settle();
    expect(witness.take()).toEqual([
      {
        ...{ from: expect.any(Number), revision: members.revision, unlisted: ['witness'] },
        listed: [expect.objectContaining({ userId: 'late' })],
      },
    ]);
  });

  test('lists one of the audience when a listed viewer leaves', () => {
    const { members, join, witness, settle } = stage({ most, size: most });
    const eleventh = join('eleventh');
    join('twelfth');
    settle();
    witness.take();
    members.remove(eleventh.session);
    settle();
    expect(witness.take()).toMatchObject([{ audience: { count: 1 } }]);
    members.remove(witness.session);
    expect(members.audience).toEqual({ count: 0 });
  });

  test('lists whom a new moderator makes room for', () => {
    // Two publishers and one viewer have the three places; the other viewer is the audience.
    const { members, join, witness, settle } = stage({ most: 3 });
    join('one', { publishes: true });
    join('two', { publishes: true });
    join('audience');
    settle();
    witness.take();
    const { session } = witness;
    Object.assign(session, { grants: { roomAdmin: true } });
    members.permissionsChanged(session);
    settle();
    expect(witness.take()).toMatchObject([{ listed: [{ userId: 'audience' }], audience: { count: 0 } }]);
  });

  test('is told of viewers while messages are always on their way', async () => {
    vi.useRealTimers();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const { members, join, witness } = stage({ most, size: 60, slice: 10 });
    join('late');
    let isTold = false;
    for (let n = 0; n < 500 && !isTold; n += 1) {
      members.deliver({ id: String(n), kind: 'chat', data: {}, at: 0 }, false);
      vi.advanceTimersByTime(10);
      await new Promise((resolve) => setImmediate(resolve));
      isTold = witness.take().some((event) => 'audience' in event);
    }
    expect(isTold).toBe(true);
  });

  test('gets no event before all have got the last one', () => {
    const { join, witness } = stage({ most, size: 60, slice: 1 });
    const heardOf = () => witness.take().filter((event) => 'audience' in event).length;
    join('one');
    vi.advanceTimersByTime(INTERVAL_MS);
    expect(heardOf()).toBe(1);
    join('two');
    for (let n = 0; n < 30; n += 1) vi.advanceTimersToNextTimer();
    expect(heardOf()).toBe(0);
  });

  test('an event is told by no timer once everybody has left', () => {
    const { members, join, witness, settle } = stage({ most: 1, size: 1 });
    const late = join('late');
    expect(vi.getTimerCount()).toBe(1);
    members.remove(late.session);
    members.remove(witness.session);
    expect(vi.getTimerCount()).toBe(0);
    settle();
  });
});

test('a hidden participant is told of the others, and they are not told of it', () => {
  const { members, join, witness, settle } = stage({ most: 0 });
  const hidden = join('hidden', { hidden: true, publishes: true, grants: { roomAdmin: true } });
  members.permissionsChanged(hidden.session);
  members.deliver(
    { id: '1', kind: 'chat', data: {}, from: { sessionId: 'hidden', userId: 'hidden' }, at: 0 },
    false,
  );
  settle();
  expect(witness.take()).toMatchObject([{ id: '1' }]);
  expect(members.snapshot('witness', 10_000)).toMatchObject({ participants: [], audience: { count: 1 } });
  join('bob');
  settle();
  expect(hidden.take()).toMatchObject([{ id: '1' }, { audience: { count: 2 } }]);
  expect(members.page(hidden.session, {}, 10_000).participants).toMatchObject([
    { userId: 'witness' },
    { userId: 'bob' },
  ]);
});

describe('participants whose clients lose their connections', () => {
  const states = (events: readonly unknown[]) =>
    (events as ParticipantsEvent[]).flatMap(({ updated = [] }) =>
      updated.map(({ connection }) => connection),
    );

  test('are told to the others with what is gathered, publishers and moderators too', () => {
    const { members, join, witness, settle } = stage();
    const publisher = join('publisher', { publishes: true });
    settle();
    witness.take();
    members.setConnection(publisher.session, 'interrupted');
    expect(witness.take()).toEqual([]);
    vi.advanceTimersByTime(INTERVAL_MS);
    expect(witness.take()).toMatchObject([{ updated: [{ userId: 'publisher', connection: 'interrupted' }] }]);
    members.setConnection(publisher.session, 'restored');
    settle();
    expect(witness.take()).toMatchObject([{ updated: [{ userId: 'publisher', connection: 'restored' }] }]);
  });

  test('are in snapshots and on pages; those who have never lost one have no such member', () => {
    const { members, join, witness } = stage();
    const bob = join('bob');
    members.setConnection(bob.session, 'interrupted');
    const { session } = witness;
    const expected = [{ userId: 'bob', connection: 'interrupted' }];
    expect(members.snapshot(session.id, 10_000).participants).toMatchObject(expected);
    expect(members.page(session, {}, 10_000).participants).toMatchObject(expected);
    expect(members.others('bob')[0]).not.toHaveProperty('connection');
  });

  test('are told as what they are when the interval ends', () => {
    const { members, join, witness, settle } = stage();
    const bob = join('bob');
    settle();
    witness.take();
    for (const state of ['interrupted', 'restored'] as const) members.setConnection(bob.session, state);
    settle();
    expect(states(witness.take())).toEqual(['restored']);
  });

  test('are not told of if they are hidden, have left, or nothing has changed', () => {
    const { members, join, witness, settle } = stage();
    const [hidden, gone, bob] = [join('hidden', { hidden: true }), join('gone'), join('bob')];
    members.remove(gone.session);
    members.setConnection(bob.session, 'interrupted');
    settle();
    witness.take();
    const { revision } = members;
    for (const { session } of [hidden, gone, bob]) members.setConnection(session, 'interrupted');
    settle();
    expect(witness.take()).toEqual([]);
    expect(members.revision).toBe(revision);
  });

  test('are followed by those on whose page they are', () => {
    const { members, join, witness, settle } = stage({ most: 1 });
    const counted = join('counted');
    settle();
    members.page(witness.session, {}, 10_000);
    witness.take();
    members.setConnection(counted.session, 'interrupted');
    settle();
    expect(witness.take()).toMatchObject([
      { page: { updated: [{ userId: 'counted', connection: 'interrupted' }] } },
    ]);
  });

  describe('of 10,000 in one room', () => {
    const SIZE = 10_000;

    function crowd({ publishers = 50, slice = SIZE } = {}) {
      const { members, join, witness, settle } = stage({ size: SIZE - publishers, slice });
      for (let n = 0; n < publishers; n += 1) join(`publisher-${n}`, { publishes: true });
      settle();
      witness.take();
      const everybody = members.others('').map(({ sessionId }) => sessionId);
      const sessions = everybody.map((id) => listener(id).session);
      const all = (state: 'interrupted' | 'restored') => {
        for (const session of sessions) members.setConnection(session, state);
      };
      return { members, sessions, witness, settle, all };
    }

    test('all at once: one event has those who are listed', () => {
      const { all, witness, settle } = crowd();
      for (const state of ['interrupted', 'restored'] as const) {
        all(state);
        expect(witness.take()).toEqual([]);
        settle();
        const events = witness.take();
        expect(events).toHaveLength(1);
        expect(states(events)).toEqual(Array(100).fill(state));
      }
    });

    test('one after the other, in two seconds: one event an interval', () => {
      const { members, sessions, witness, settle } = crowd();
      const IN_MS = 2_000;
      for (const [n, session] of sessions.entries()) {
        members.setConnection(session, 'interrupted');
        if (n % (SIZE / IN_MS) === 0) vi.advanceTimersByTime(1);
      }
      settle();
      const events = witness.take();
      expect(states(events)).toHaveLength(100);
      expect(events.length).toBeLessThanOrEqual(IN_MS / INTERVAL_MS + 1);
    });
  });
});

describe('a search', () => {
  /** The numbers of those whom each page has looked at, until one has found the last viewer. */
  function pagesOf(size: number, metadata: { [name: string]: string }): number[] {
    const { members, join } = stage({ most: 1 });
    for (let n = 0; n < size; n += 1)
      members.add(listener(`viewer-${n}`).session, { tracks: [], cut: NOTHING }, metadata);
    const { session } = join('last');
    const looked: number[] = [];
    let cursor: string | undefined;
    for (;;) {
      const before = Number(cursor ?? -1);
      const page = members.page(session, { query: `ER-${size - 1}`, ...(cursor && { cursor }) }, 100_000);
      if (page.participants.length > 0) return looked;
      cursor = page.cursor;
      looked.push(Number(cursor) - before);
    }
  }

  test('looks at some of the participants; the next page goes on', () => {
    expect(pagesOf(5_000, {})).toEqual([2_000, 2_000]);
  });

  test('looks at fewer whose metadata is long', () => {
    const pages = pagesOf(1_000, { text: 'x'.repeat(4_000) });
    expect(pages.length).toBeGreaterThan(2);
    for (const looked of pages) expect(looked).toBeLessThanOrEqual(251);
  });
});
