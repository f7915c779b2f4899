import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { ClusterStage, type Member } from './cluster-stage.js';
import { Follower } from './follower.js';
import type { RelayProcess } from './relay-process.js';

const CAMERA = { kind: 'video', streamId: 'home', trackId: 'camera' } as const;
const WAIT = { timeoutMs: 30_000, intervalMs: 20 };
const UNAVAILABLE = 'ERR_RELAY_SFU_UNAVAILABLE (retryable)';
/** ms for which a node is held back after its second, third and fourth failure within a minute. */
const HELD_MS = [0, 1_000, 2_000, 4_000];

describeReal(
  ['ion', 'redis'],
  'relays that share their rooms, and whose SFU nodes fail and come back',
  () => {
    const stage = new ClusterStage();
    beforeAll(() => stage.setUp());
    beforeEach(() => stage.begin());
    afterEach(() => stage.clear());
    afterAll(() => stage.tearDown());

    const follow = async (relay: RelayProcess, room: string, user: string): Promise<Follower> =>
      new Follower(await stage.join(relay, room, user, { capabilities: ['rejoin'], tracks: [CAMERA] }), [
        CAMERA,
      ]);
    /** One by each relay in each room. */
    const populate = async (relays: readonly RelayProcess[], rooms: readonly string[]) => {
      const followers = rooms.flatMap((room) =>
        relays.map((relay, n) => follow(relay, room, `${room}-${n}`)),
      );
      return Promise.all(followers);
    };
    const lossOf = ({ client, user }: Member) =>
      client.received.some(({ error, params }) => error?.data?.closeCode ?? params?.left) ? [user] : [];

    /** Where Ion has the current peers of the room: each node with Ion's id of the room. */
    const placesOf = (room: string): string[] => {
      const places = stage.ions.nodes.flatMap(({ address, peers, arrivals }) =>
        arrivals.flatMap(({ uid, room: id }) =>
          uid.startsWith(`${room}/`) && peers.includes(uid) ? [`${id} on ${address}`] : [],
        ),
      );
      return [...new Set(places)];
    };
    /** Where the processes have agreed that it is. */
    const placeOf = async (room: string): Promise<string> => {
      const key = `sfu-relay:{r:${room}}:s`;
      const { 'f:node': node = '', 'f:generation': generation } = (await stage.contents([key]))[
        key
      ] as Record<string, string>;
      const id = generation === '1' ? room : `${room}~${generation}`;
      return `${id} on ${JSON.parse(node)}`;
    };

    test('keep all sessions while all nodes are down, refuse joins for the time, and agree afterwards where each room is', async () => {
      const relays = await stage.relays(3);
      const rooms = ['red', 'green', 'blue', 'black'];
      const followers = await populate(relays, rooms);
      await Promise.all(stage.ions.nodes.map((node) => node.kill()));
      await until('all have lost their peers', () => followers.every((each) => each.interruptions > 0), WAIT);
      for (const [n, relay] of relays.entries())
        for (const room of ['red', 'new'])
          await expect(stage.join(relay, room, `early-${n}`)).rejects.toThrow(UNAVAILABLE);

      await Promise.all(stage.ions.nodes.map((node) => node.restart()));
      const newcomers = await Promise.all(
        [...rooms, 'new'].flatMap((room) =>
          relays.map((relay, n) =>
            until(
              `${room} can be joined`,
              () => stage.join(relay, room, `late-${n}`).catch(() => undefined),
              WAIT,
            ),
          ),
        ),
      );
      for (const room of rooms)
        await until(
          `all of ${room} are where the processes say`,
          async () => {
            const there = stage.ions.peers.filter((uid) => uid.startsWith(`${room}/`)).length;
            const places = placesOf(room);
            if (there !== 2 * relays.length || `${places}` !== (await placeOf(room)))
              throw new Error(`${there} peers: ${places.join()}; in Redis: ${await placeOf(room)}`);
            return true;
          },
          WAIT,
        );
      expect(placesOf('new')).toHaveLength(1);
      expect([...followers.map(({ member }) => member), ...newcomers].flatMap(lossOf)).toEqual([]);
    }, 60_000);

    test('hold a node back that flaps, longer each time, but never the only one', async () => {
      const relays = await stage.relays(2);
      const [flapping, steady] = stage.ions.nodes as [
        (typeof stage.ions.nodes)[0],
        (typeof stage.ions.nodes)[0],
      ];
      let count = 0;
      /** Whether a new room comes to the node that flaps. */
      const triesNewRoom = async (relay: RelayProcess): Promise<boolean> => {
        count += 1;
        const { client, sessionId } = await stage.join(relay, `try-${count}`, 'somebody');
        const isThere = flapping.arrivals.some(({ uid }) => uid.includes(sessionId));
        await client.close();
        return isThere;
      };
      /** A room of all relays on it, and another one, so that new rooms would come to it. */
      const placeRoom = (name: string): Promise<Follower[]> =>
        until(
          'a room is placed on the node that flaps',
          async () => {
            count += 1;
            const room = `${name}-${count}`;
            const [first] = await populate([relays[0]], [room]);
            if (!flapping.arrivals.some(({ uid }) => uid.startsWith(`${room}/`))) return undefined;
            return [first as Follower, await follow(relays[1], room, 'other')];
          },
          WAIT,
        );
      const isUp = async (relay: RelayProcess) => {
        const nodes = (await relay.health()).body.nodes as { server_url: string; status: string }[];
        return nodes.find(({ server_url }) => server_url === flapping.address)?.status === 'ok';
      };

      const everybody: Follower[] = [];
      for (const [n, heldMs] of HELD_MS.entries()) {
        const there = await placeRoom(`flap-${n}`);
        everybody.push(...there);
        const before = there.map(({ interruptions }) => interruptions);
        await flapping.kill();
        await until(
          'both relays take it for down',
          () => there.every(({ interruptions }, at) => interruptions > (before[at] ?? 0)),
          WAIT,
        );
        await until('its sessions are on the other one', () => there.every(({ peer }) => peer > 1), WAIT);
        await flapping.restart();
        const sinceDown = await Promise.all(
          relays.map(async (relay) => {
            for (let lastDown = performance.now(); ; ) {
              const asked = performance.now();
              if (await isUp(relay)) return lastDown;
              lastDown = asked;
            }
          }),
        );
        if (n === HELD_MS.length - 1) break;
        for (const [at, relay] of relays.entries()) {
          await until('new rooms come to it', () => triesNewRoom(relay), WAIT);
          expect(performance.now() - (sinceDown[at] ?? 0)).toBeGreaterThanOrEqual(heldMs);
        }
      }
      // For 4 s, now; but there is no other one.
      await steady.kill();
      const last = await until(
        'somebody can join',
        () => follow(relays[0], 'last', 'last').catch(() => undefined),
        WAIT,
      );
      const { sessionId } = (last as Follower).member;
      await until(
        'it is on the node that flaps',
        () => flapping.arrivals.some(({ uid }) => uid.includes(sessionId)),
        WAIT,
      );
      await until('all are there', () => everybody.every(({ peer }) => peer > 2), WAIT);
      await steady.restart();
      expect([last as Follower, ...everybody].flatMap(({ member }) => lossOf(member))).toEqual([]);
    }, 90_000);
  },
);
