import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { ClusterStage, type Member, roster } from './cluster-stage.js';

const CAMERA = { kind: 'video', streamId: 'home', trackId: 'camera' } as const;
const WAIT = { timeoutMs: 20_000 };
const CAN_REJOIN = { capabilities: ['rejoin'] };

const told = ({ client }: Member, method: string) => client.received.filter((each) => each.method === method);

/** The first relay reaches the nodes by proxies of another address. */
describeReal(['ion', 'redis'], 'three relays, of which one does not reach an SFU node', () => {
  const stage = new ClusterStage();
  const proxies = new Map<string, TcpProxy>();
  beforeAll(async () => {
    await stage.setUp();
    for (const address of stage.ions.addresses) {
      const port = Number(address.split(':')[1]);
      proxies.set(address, await TcpProxy.start(port, '127.0.0.2', port));
    }
  });
  beforeEach(() => stage.begin());
  afterEach(() => stage.clear());
  afterAll(async () => {
    await Promise.all([...proxies.values()].map((each) => each.stop()));
    await stage.tearDown();
  });

  const start = () => {
    const nodes = stage.ions.addresses.map((address, n) => `sfu-${n}.test:${address.split(':')[1]}`);
    const hostsOf = (address: string) => Object.fromEntries(nodes.map((_, n) => [`sfu-${n}.test`, address]));
    return stage.relays(3, {}, (n) => ({ nodes, hosts: hostsOf(n === 0 ? '127.0.0.2' : '127.0.0.1') }));
  };
  /** Three people in a room, one by each relay, and the node of the room. */
  const meet = async (room: string) => {
    const relays = await start();
    const [one, other, third] = relays;
    const members: [Member, Member, Member] = [
      await stage.join(one, room, 'cut', CAN_REJOIN),
      await stage.join(other, room, 'ada', { ...CAN_REJOIN, tracks: [CAMERA] }),
      await stage.join(third, room, 'bob', CAN_REJOIN),
    ];
    for (const each of members) await until('all see each other', () => roster(each).length === 2, WAIT);
    const [node] = stage.ions.nodes.filter(({ arrivals }) =>
      arrivals.some((each) => each.room.replace(/~.*/, '') === room),
    );
    return { relays, members, node: node as NonNullable<typeof node> };
  };

  test('tell only its clients to go elsewhere; the others notice nothing, and it recovers', async () => {
    const { relays, members, node } = await meet('reach');
    const [cut, ...others] = members;
    const proxy = proxies.get(node.address) as TcpProxy;
    proxy.isSilent = true;
    const { code } = await cut.client.closed;
    expect(code).toBe(4503);
    for (const each of others) await until('the others are two', () => roster(each).length === 1, WAIT);
    await expect(stage.join(relays[0], 'reach', 'late')).rejects.toThrow(
      /ERR_RELAY_SFU_UNAVAILABLE \(retryable\)/,
    );
    await stage.join(relays[1], 'reach', 'cut');
    await stage.join(relays[0], 'another', 'late');
    proxy.isSilent = false;
    proxy.cut();
    await until(
      'it serves the room again',
      () => stage.join(relays[0], 'reach', 'later').catch(() => undefined),
      WAIT,
    );
    for (const each of others) expect([...told(each, 'rejoin'), ...told(each, 'interrupted')]).toEqual([]);
    const rooms = node.arrivals.filter(({ room }) => room.startsWith('reach'));
    expect(new Set(rooms.map(({ room }) => room)).size).toBe(1);
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
