import { expect, test } from 'vitest';
import { until } from '../../support/poll.js';
import { describeReal } from '../../support/real.js';
import type { RoomClient } from '../../support/room-client.js';
import { useCluster } from './cluster.js';

const SOON = { intervalMs: 20 };

describeReal(['ion'], 'outages of nodes', () => {
  const cluster = useCluster();

  /** A publisher and viewers in each of these rooms. */
  async function populate(rooms: readonly string[], viewersOfRoom: number): Promise<RoomClient[]> {
    const inRooms = rooms.map(async (room) => {
      const publisher = await cluster.publish(room, `publisher of ${room}`);
      const viewers = Array.from({ length: viewersOfRoom }, (_, n) =>
        cluster.watch(room, `viewer ${n} of ${room}`),
      );
      return [publisher, ...(await Promise.all(viewers))];
    });
    const clients = (await Promise.all(inRooms)).flat();
    await receive(clients);
    return clients;
  }

  /** Resolves when all viewers receive both tracks of their publisher, and only those. */
  const receive = (clients: readonly RoomClient[]) =>
    until(
      'all viewers receive media',
      () => {
        for (const { user, tracks } of clients.filter(isViewer))
          if (tracks.length !== 2) throw new Error(`${user} receives ${tracks.join() || 'nothing'}`);
        return true;
      },
      SOON,
    );
  const isViewer = ({ user }: RoomClient) => user.startsWith('viewer');

  test('all nodes: sessions wait, and are back once a node is there', async () => {
    await cluster.start(2);
    const clients = await populate(['one', 'two', 'three'], 8);
    await Promise.all(cluster.nodes.map((node) => node.kill()));
    await until('all are interrupted', () => clients.every(({ isInterrupted }) => isInterrupted), SOON);
    await Promise.all([cluster.isSeen(0, 'down'), cluster.isSeen(1, 'down')]);
    const newcomer = cluster.join('one', 'newcomer');
    await expect(newcomer).rejects.toMatchObject({ code: 'ERR_RELAY_SFU_UNAVAILABLE' });
    const heard = clients.map((client) => client.heard.length);

    await cluster.nodes[1]?.restart();
    await cluster.areServed(clients);
    await receive(clients);
    const notices = clients.map((client, n) =>
      client.heard.slice(heard[n]).filter(({ method }) => method === 'rejoin'),
    );
    // Publishers come first, the viewers spread over a while.
    const delays = (wanted: boolean) =>
      notices
        .filter((_, n) => isViewer(clients[n] as RoomClient) === wanted)
        .flat()
        .map(({ params }) => Number(params.afterMs));
    expect(Math.max(...delays(false))).toBeLessThanOrEqual(Math.min(...delays(true)));
    expect(new Set(delays(true)).size).toBeGreaterThan(3);
    expect(
      clients.flatMap((client) => client.notifications('participants')).filter(({ left }) => left),
    ).toEqual([]);
  });

  test('a node that has stopped and goes on later harms nobody', async () => {
    await cluster.start(2);
    const clients = await populate(['one', 'two'], 2);
    const [stopped, other] = cluster.nodes;
    const moving = clients.filter((client) => cluster.nodeOf(client) === stopped);
    const staying = clients.filter((client) => cluster.nodeOf(client) === other);
    expect([moving.length, staying.length]).toEqual([3, 3]);
    stopped?.signal('SIGSTOP');
    await cluster.isSeen(0, 'down');
    await until(
      'all are on the other node',
      () => moving.every((client) => cluster.nodeOf(client) === other),
      SOON,
    );
    await receive(clients);

    const ofBefore = clients.map(({ peer }) => peer);
    stopped?.signal('SIGCONT');
    await cluster.isSeen(0, 'up');
    await until('nobody is left on it', () => stopped?.peers.length === 0, SOON);
    const newcomer = await cluster.watch(moving[0]?.room ?? '', 'viewer, new');
    await receive([...clients, newcomer]);
    await cluster.areServed([...clients, newcomer]);
    expect(clients.map(({ peer }) => peer)).toEqual(ofBefore);

    // It serves the rooms again, in rooms of Ion that nobody has been in.
    const formerly = new Set(stopped?.arrivals.map(({ room }) => room));
    await other?.kill();
    await until('all are on it', () => clients.every((client) => cluster.nodeOf(client) === stopped), SOON);
    await receive([...clients, newcomer]);
    const later = stopped?.arrivals.slice(moving.length).map(({ room }) => room);
    expect(later?.filter((room) => formerly.has(room))).toEqual([]);
  });

  test('a node that flaps costs nobody the session', async () => {
    await cluster.start(2);
    const clients = await populate(['one', 'two', 'three', 'four'], 1);
    const [flapping, other] = cluster.nodes;
    for (let round = 0; round < 3; round += 1) {
      await flapping?.kill();
      await cluster.isSeen(0, 'down');
      await flapping?.restart();
      await cluster.isSeen(0, 'up');
    }
    // It gets no new rooms for a while.
    const newcomers = await Promise.all(['five', 'six'].map((room) => cluster.join(room, 'newcomer')));
    expect(newcomers.map((each) => cluster.nodeOf(each))).toEqual([other, other]);
    await Promise.all(newcomers.map((each) => each.leave()));
    await cluster.areServed(clients);
    await receive(clients);
    for (const { sessionId } of clients) expect(cluster.relay.getSession(sessionId)?.state).toBe('joined');
    expect(
      clients.flatMap((client) => client.notifications('participants')).filter(({ left }) => left),
    ).toEqual([]);
  });
});
