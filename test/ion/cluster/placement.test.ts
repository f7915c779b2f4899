import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { fakeOffer } from '../../../src/testing/index.js';
import { until } from '../../support/poll.js';
import { describeReal } from '../../support/real.js';
import { useCluster } from './cluster.js';

describeReal(['ion'], 'rooms on several Ions', () => {
  const cluster = useCluster();

  const joinAll = (count: number, roomOf: (n: number) => string) =>
    Promise.all(
      Array.from({ length: count }, (_, n) =>
        cluster.relay.createSession({ roomId: roomOf(n), userId: `user ${n}`, sdp: fakeOffer() }),
      ),
    );
  /** How many each node has had, once the logs tell of all. */
  const roomsOfNodes = (total: number) =>
    until(`the logs tell of ${total} rooms`, () => {
      const rooms = cluster.nodes.map(({ arrivals }) => new Set(arrivals.map(({ room }) => room)).size);
      return rooms.reduce((sum, count) => sum + count, 0) === total && rooms;
    });

  test('each room is on one node, however many race to be its first', async () => {
    await cluster.startIons(3);
    await cluster.startRelay('random');
    await joinAll(1_000, (n) => `room ${n % 50}`);
    await until('the logs tell of all', () => cluster.ions.peers.length === 1_000);
    const nodes = [...cluster.ions.nodesOfRooms.values()];
    expect(nodes.map(({ size }) => size)).toEqual(Array(50).fill(1));
  });

  test.each(['roundrobin', 'leastconn'] as const)(
    '%s gives each node as many as the others',
    async (method) => {
      await cluster.startIons(3);
      await cluster.startRelay(method);
      await joinAll(300, (n) => `room ${n}`);
      expect(await roomsOfNodes(300)).toEqual([100, 100, 100]);
    },
  );

  test('random gives each node about as many', async () => {
    await cluster.startIons(3);
    await cluster.startRelay('random');
    await joinAll(300, (n) => `room ${n}`);
    // Five standard deviations of a binomial distribution: once in two million runs it is wrong.
    for (const rooms of await roomsOfNodes(300))
      expect(Math.abs(rooms - 100)).toBeLessThan(5 * Math.sqrt((300 * 2) / 9));
  });

  test('leastconn prefers the node that rooms have left', async () => {
    await cluster.startIons(2);
    await cluster.startRelay('leastconn');
    const sessions = await joinAll(20, (n) => `room ${n}`);
    await roomsOfNodes(20);
    const [first] = cluster.nodes;
    const ofFirst = new Set(first?.arrivals.map(({ room }) => room));
    await Promise.all(sessions.filter(({ roomId }) => ofFirst.has(roomId)).map((session) => session.close()));
    await joinAll(10, (n) => `later room ${n}`);
    expect(await roomsOfNodes(30)).toEqual([20, 10]);
  });

  test('a node that refuses connections at the start has none, and gets some once it listens', async () => {
    await cluster.startIons(2);
    const [dead, alive] = cluster.nodes;
    await dead?.kill();
    await cluster.startRelay('roundrobin');
    await joinAll(20, (n) => `room ${n}`);
    await until('all are on the other node', () => alive?.arrivals.length === 20);

    await dead?.restart();
    await cluster.isSeen(0, 'up');
    await joinAll(20, (n) => `later room ${n}`);
    expect(await roomsOfNodes(40)).toEqual([10, 30]);
  });

  test('joins that hit a node that dies succeed on another one', async () => {
    await cluster.startIons(2);
    await cluster.startRelay('roundrobin');
    await joinAll(2, (n) => `room ${n}`);
    const [dying] = cluster.nodes;
    const killing = dying?.kill();
    const joining = joinAll(20, () => randomUUID());
    await killing;
    const joined = [...(await joining), ...(await joinAll(20, () => randomUUID()))];
    const isOnOther = (id: string) => cluster.nodes[1]?.arrivals.some(({ uid }) => uid.endsWith(id));
    await until('all are on the other node', () => joined.every(({ id }) => isOnOther(id)));
  });

  test('joins that hit a node that has stopped succeed on another one', async () => {
    await cluster.startIons(2);
    await cluster.startRelay('roundrobin');
    await joinAll(2, (n) => `room ${n}`);
    cluster.nodes[0]?.signal('SIGSTOP');
    const joined = await joinAll(20, () => randomUUID());
    expect(joined.map(({ state }) => state)).toEqual(Array(20).fill('joined'));
    await until('all are on the other node', () => cluster.nodes[1]?.arrivals.length === 21);
  });
});
