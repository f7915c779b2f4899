import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { type ToxicProxy, Toxiproxy } from '../support/toxiproxy.js';
import { ClusterStage, type Member, roster } from './cluster-stage.js';

const CAMERA = { kind: 'video', streamId: 'home', trackId: 'camera' } as const;
/** Less than a probe of a node may take. */
const SLOW_MS = 600;
const WAIT = { timeoutMs: 20_000 };
const CAN_REJOIN = { capabilities: ['rejoin'] };

const told = ({ client }: Member, method: string) => client.received.filter((each) => each.method === method);

/** The first relay reaches the nodes by proxies of another address. */
describeReal(['ion', 'redis'], 'three relays, of which one does not reach an SFU node', () => {
  const stage = new ClusterStage();
  const proxies = new Map<string, ToxicProxy>();
  let toxiproxy: Toxiproxy;
  beforeAll(async () => {
    await stage.setUp();
    toxiproxy = await Toxiproxy.start();
    for (const address of stage.ions.addresses)
      proxies.set(address, await toxiproxy.proxy(address, address.replace('127.0.0.1', '127.0.0.2')));
  });
  beforeEach(() => stage.begin());
  afterEach(() => stage.clear());
  afterAll(async () => {
    await toxiproxy?.stop();
    await stage.tearDown();
  });

  const start = () => {
    const nodes = stage.ions.addresses.map((address, n) => `sfu-${n}.test:${address.split(':')[1]}`);
    const hostsOf = (address: string) => Object.fromEntries(nodes.map((_, n) => [`sfu-${n}.test`, address]));
    return stage.relays(3, {}, (n) => ({ nodes, hosts: hostsOf(n === 0 ? '127.0.0.2' : '127.0.0.1') }));
  };
  /** Three people in a room, one by each relay, and the node of the room. The first one publishes. */
  const meet = async (room: string) => {
    const relays = await start();
    const [one, other, third] = relays;
    const members: [Member, Member, Member] = [
      await stage.join(one, room, 'cut', { ...CAN_REJOIN, tracks: [CAMERA] }),
      await stage.join(other, room, 'ada', CAN_REJOIN),
      await stage.join(third, room, 'bob', CAN_REJOIN),
    ];
    for (const each of members) await until('all see each other', () => roster(each).length === 2, WAIT);
    const [node] = stage.ions.nodes.filter(({ arrivals }) =>
      arrivals.some((each) => each.room.replace(/~.*/, '') === room),
    );
    return { relays, members, node: node as NonNullable<typeof node> };
  };

  test('send the only publisher elsewhere; the others notice nothing, and it recovers without a ghost', async () => {
    const { relays, members, node } = await meet('reach');
    const [cut, ...others] = members;
    const proxy = proxies.get(node.address) as ToxicProxy;
    await proxy.swallow();
    const { code } = await cut.client.closed;
    expect(code).toBe(4503);
    for (const each of others) await until('the others are two', () => roster(each).length === 1, WAIT);
    await expect(stage.join(relays[0], 'reach', 'late')).rejects.toThrow(
      /ERR_RELAY_SFU_UNAVAILABLE \(retryable\)/,
    );
    const { sessionId, sessionToken } = cut;
    const replaces = { sessionId, sessionToken };
    const back = await stage.join(relays[1], 'reach', 'cut', { ...CAN_REJOIN, tracks: [CAMERA], replaces });
    await stage.join(relays[0], 'another', 'late');
    await proxy.pass();
    const later = await until(
      'it serves the room again',
      () => stage.join(relays[0], 'reach', 'later').catch(() => undefined),
      WAIT,
    );
    const living = [back, ...others, later as Member].map((each) => each.sessionId).sort();
    await until(
      'the node has none but those who are there',
      () => {
        const uids = node.peers.filter((uid) => uid.startsWith('reach/'));
        return `${uids.map((uid) => uid.split('/')[2]).sort()}` === `${living}`;
      },
      WAIT,
    );
    for (const each of others) expect([...told(each, 'rejoin'), ...told(each, 'interrupted')]).toEqual([]);
    const rooms = node.arrivals.filter(({ room }) => room.startsWith('reach'));
    expect(new Set(rooms.map(({ room }) => room)).size).toBe(1);
  });

  test('keep the others waiting for a moment where it dies on its way to the node, with the first join of a room', async () => {
    const [one, other] = await start();
    const slow = [...proxies.values()];
    for (const proxy of slow) await proxy.add('latency', 'upstream', { latency: SLOW_MS });
    try {
      const lost = stage.join(one, 'begun', 'lost').catch(() => 'lost');
      await until(
        'the room is told of the join',
        async () => JSON.stringify(await stage.contents(await stage.keys())).includes('joining'),
        { ...WAIT, intervalMs: 10 },
      );
      await one.child.stop('SIGKILL');
      expect(await lost).toBe('lost');
      const { sessionId } = await stage.join(other, 'begun', 'next');
      await until(
        'the node has the one who is there',
        () => `${stage.ions.peers.filter((uid) => uid.startsWith('begun/'))}` === `begun/next/${sessionId}`,
        WAIT,
      );
    } finally {
      for (const proxy of slow) await proxy.remove('latency', 'upstream');
    }
  });

  test('move its rooms where the node is down for all', async () => {
    const { members, node } = await meet('down');
    await node.kill();
    for (const each of members) await until('each is to rejoin', () => told(each, 'rejoin').length > 0, WAIT);
    for (const { client } of members)
      expect(client.received.some(({ error }) => error?.data?.closeCode)).toBe(false);
    await node.restart();
  });
});
