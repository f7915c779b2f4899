import { expect, test } from 'vitest';
import type { SfuNodeStatus } from '../../../src/index.js';
import { fakeOffer } from '../../../src/testing/index.js';
import type { ClusterNode } from '../../support/ion-cluster.js';
import { until } from '../../support/poll.js';
import { ProductionIon } from '../../support/production-ion.js';
import { describeReal } from '../../support/real.js';
import type { RoomClient } from '../../support/room-client.js';
import { useCluster } from './cluster.js';

const ROOM = 'lobby';
const SOON = { intervalMs: 20 };

describeReal(['ion'], 'a room whose node dies', () => {
  const cluster = useCluster();

  const receives = (viewer: RoomClient, kinds: string[]) =>
    until(
      `${viewer.user} receives ${kinds}`,
      () => {
        const received = viewer.tracks.map((track) => track.split(' ')[0]).sort();
        if (received.join() !== kinds.join()) throw new Error(`receives ${received}`);
        return true;
      },
      SOON,
    );

  test.each<[string, (() => Promise<ClusterNode>)[]]>([
    ['a bare Ion', []],
    ['the production Ion', [() => ProductionIon.start()]],
  ])('has media again on another node, and its people notice nothing else: %s', async (_, startNode) => {
    const called: string[] = [];
    const note = (name: string) => () => void called.push(name);
    const hooks = {
      onJoin: note('onJoin'),
      onLeave: note('onLeave'),
      onInterrupted: note('onInterrupted'),
      onResumed: note('onResumed'),
    };
    await cluster.start(2, { hooks }, ...startNode);
    const moves: unknown[] = [];
    cluster.relay.on('roommoved', (move) => moves.push(move));
    const downs: SfuNodeStatus[] = [];
    cluster.relay.on('nodedown', ({ node }) => downs.push(node));
    const publisher = await cluster.publish(ROOM, 'publisher');
    const viewers = await Promise.all(['one', 'two'].map((user) => cluster.watch(ROOM, user)));
    const everybody = [publisher, ...viewers];
    await Promise.all(viewers.map((viewer) => receives(viewer, ['audio', 'video'])));
    const before = cluster.nodeOf(publisher);
    const sessionIds = [...cluster.relay.sessions.keys()];
    const told = viewers.map((viewer) => viewer.notifications('participants').length);
    expect(called.splice(0)).toEqual(['onJoin', 'onJoin', 'onJoin']);

    await before.kill();
    await until('all are interrupted', () =>
      everybody.every((each) => each.notifications('interrupted').length > 0),
    );
    const chat = viewers[0]?.request('message', {
      id: 'a',
      kind: 'chat',
      data: { text: 'Is anybody there?' },
    });
    expect((await chat)?.error).toBeUndefined();
    await cluster.areServed(everybody);
    await Promise.all(viewers.map((viewer) => receives(viewer, ['audio', 'video'])));

    const after = cluster.nodeOf(publisher);
    expect(after).not.toBe(before);
    expect(moves).toEqual([
      expect.objectContaining({ roomId: ROOM, from: before.address, to: after.address }),
    ]);
    expect(downs).toEqual([expect.objectContaining({ serverUrl: before.address, state: 'down' })]);
    expect(downs[0]?.streams).toBeGreaterThanOrEqual(0);
    expect([...cluster.relay.sessions.keys()]).toEqual(sessionIds);
    expect(viewers.map((viewer) => viewer.notifications('participants').length)).toEqual(told);
    expect(publisher.notifications('message')).toMatchObject([{ data: { text: 'Is anybody there?' } }]);
    expect(called.sort()).toEqual([...Array(3).fill('onInterrupted'), ...Array(3).fill('onResumed')]);
  });

  test.each(['before', 'while'])(
    'keeps its mutes: a track muted %s has no media on the new node',
    async (time) => {
      await cluster.start(2);
      const publisher = await cluster.publish(ROOM, 'publisher');
      const viewer = await cluster.watch(ROOM, 'viewer');
      await receives(viewer, ['audio', 'video']);
      const mute = () => cluster.relay.rooms.get(ROOM)?.mute({ trackId: publisher.trackIds.camera ?? '' });
      if (time === 'before') await mute();
      await cluster.nodeOf(publisher).kill();
      await until('it is interrupted', () => publisher.notifications('interrupted').length > 0, SOON);
      if (time === 'while') await mute();
      await cluster.areServed([publisher, viewer]);

      await receives(viewer, ['audio']);
      const newcomer = await cluster.watch(ROOM, 'newcomer');
      await receives(newcomer, ['audio']);
      // What comes of a later publisher would have come of the first one before.
      await cluster.publish(ROOM, 'later');
      for (const each of [viewer, newcomer]) {
        await receives(each, ['audio', 'audio', 'video']);
        expect(each.tracks.filter((track) => track.startsWith('video'))).toEqual([
          expect.stringContaining('later'),
        ]);
      }
      const tracks = cluster.relay.sessions.get(publisher.sessionId)?.tracks;
      expect(tracks?.map(({ kind, muted }) => [kind, muted]).sort()).toEqual([
        ['audio', false],
        ['video', true],
      ]);
    },
  );

  test('keeps its bans, and its lock', async () => {
    await cluster.start(2);
    const publisher = await cluster.publish(ROOM, 'publisher');
    await cluster.join(ROOM, 'offender');
    const accomplice = await cluster.join(ROOM, 'accomplice');
    const room = cluster.relay.rooms.get(ROOM);
    await room?.ban('offender');
    room?.lock();
    const banned = cluster.join(ROOM, 'offender');
    await expect(banned).rejects.toMatchObject({ code: 'ERR_RELAY_REMOVED' });

    await cluster.nodeOf(publisher).kill();
    await until('one is interrupted', () => accomplice.notifications('interrupted').length > 0, SOON);
    await cluster.relay.rooms.get(ROOM)?.ban('accomplice');
    expect(await accomplice.closed).toMatchObject({ code: 4403, error: { code: 'ERR_RELAY_REMOVED' } });
    const during = cluster.join(ROOM, 'offender');
    await expect(during).rejects.toMatchObject({ code: 'ERR_RELAY_REMOVED' });
    await cluster.areServed([publisher]);
    expect(cluster.relay.rooms.get(ROOM)?.size).toBe(1);
    const after = cluster.join(ROOM, 'offender');
    await expect(after).rejects.toMatchObject({ code: 'ERR_RELAY_REMOVED' });
    await expect(cluster.join(ROOM, 'stranger')).rejects.toMatchObject({ code: 'ERR_RELAY_ROOM_LOCKED' });

    cluster.relay.rooms.get(ROOM)?.unlock();
    const friend = await cluster.watch(ROOM, 'friend');
    await receives(friend, ['audio', 'video']);
  });

  test('moves on where its next node dies, too', async () => {
    await cluster.start(3);
    const publisher = await cluster.publish(ROOM, 'publisher');
    const viewers = await Promise.all(['one', 'two'].map((user) => cluster.watch(ROOM, user)));
    await Promise.all(viewers.map((viewer) => receives(viewer, ['audio', 'video'])));
    const first = cluster.nodeOf(publisher);
    const moves: string[] = [];
    cluster.relay.on('roommoved', ({ to }) => {
      moves.push(to);
      // While the sessions join it.
      if (moves.length === 1) void cluster.ions.at(to).kill();
    });
    await first.kill();
    await until('it is on its third node', () => moves.length === 2, SOON);
    await cluster.areServed([publisher, ...viewers]);
    await Promise.all(viewers.map((viewer) => receives(viewer, ['audio', 'video'])));
    expect(new Set([first.address, ...moves]).size).toBe(3);
  });

  test('is one room again, however many come back at once', async () => {
    await cluster.start(2);
    const people = await Promise.all(
      Array.from({ length: 150 }, (_, n) => cluster.join(ROOM, `viewer ${n}`, { role: 'subscriber' })),
    );
    const [first] = people as [RoomClient, ...RoomClient[]];
    await cluster.nodeOf(first).kill();
    await cluster.areServed(people);
    const rooms = cluster.nodes.filter((node) => node.alive()).flatMap(({ arrivals }) => arrivals);
    expect(new Set(rooms.map(({ room }) => room)).size).toBe(1);
    expect(cluster.relay.rooms.get(ROOM)?.size).toBe(people.length);
  });

  test('closes clients that cannot replace a peer, by an error after which they come back', async () => {
    await cluster.start(2);
    const old = await cluster.join(ROOM, 'old client', { capabilities: [] });
    const viewer = await cluster.watch(ROOM, 'viewer');
    const application = await cluster.relay.createSession({ roomId: ROOM, userId: 'app', sdp: fakeOffer() });
    const closed = new Promise((resolve) => application.once('close', resolve));

    await cluster.nodeOf(viewer).kill();
    const { code, error } = await old.closed;
    expect([4502, 4503]).toContain(code);
    expect(error?.retryable).toBe(true);
    expect(await closed).toMatchObject({ error: { retryable: true } });
    await cluster.areServed([viewer]);
    await until('the room is told', () =>
      viewer.notifications('participants').some(({ left }) => String(left).includes(old.sessionId)),
    );

    const back = await cluster.join(ROOM, 'old client', { capabilities: [] });
    await cluster.areServed([back, viewer]);
  });

  test('keeps sessions of the application that listens to rejoin', async () => {
    await cluster.start(2);
    const session = await cluster.relay.createSession({ roomId: ROOM, userId: 'app', sdp: fakeOffer() });
    const events: string[] = [];
    session.on('interrupted', () => events.push('interrupted'));
    const told = new Promise((resolve) =>
      session.on('rejoin', (notice) => {
        events.push('rejoin');
        resolve(notice);
      }),
    );
    const viewer = await cluster.watch(ROOM, 'viewer');
    await cluster.nodeOf(viewer).kill();
    expect(await told).toMatchObject({ peer: 1 });
    expect([events, session.state]).toEqual([['interrupted', 'rejoin'], 'joined']);
  });
});
