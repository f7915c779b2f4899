import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { ClusterStage } from './cluster-stage.js';
import { Follower } from './follower.js';

const SESSIONS = 100;
const ROOMS = 10;
const CAMERA = { kind: 'video', streamId: 'home', trackId: 'camera' } as const;
const WAIT = { timeoutMs: 40_000 };

describeReal(['ion', 'redis'], `${SESSIONS} sessions of two relays, whose SFU node fails`, () => {
  const stage = new ClusterStage();
  beforeAll(() => stage.setUp());
  beforeEach(() => stage.begin());
  afterEach(() => stage.clear());
  afterAll(() => stage.tearDown());

  test.each(['SIGKILL', 'SIGSTOP'] as const)(
    'are all on the other one, and nobody is seen to leave: %s',
    async (fault) => {
      const relays = await stage.relays(2);
      const room = (n: number) => `${fault}-${n % ROOMS}`;
      const members = await Promise.all(
        Array.from({ length: SESSIONS }, (_, n) =>
          stage.join(relays[Math.floor(n / ROOMS) % 2 === 0 ? 0 : 1], room(n), `user-${n}`, {
            ...{ capabilities: ['rejoin'], tracks: [CAMERA] },
          }),
        ),
      );
      const ofRooms = (uid: string) => uid.startsWith(`${fault}-`);
      const followers = members.map((member) => new Follower(member, [CAMERA]));
      await until(
        'the nodes have all of them',
        () => stage.ions.peers.filter(ofRooms).length === SESSIONS,
        WAIT,
      );
      const [failing, other] = stage.ions.nodes as [
        (typeof stage.ions.nodes)[0],
        (typeof stage.ions.nodes)[0],
      ];
      const there = new Set(other.peers);
      const lost = followers.filter(
        ({ member }) => ![...there].some((uid) => uid.includes(member.sessionId)),
      );
      expect(lost.length).toBeGreaterThan(0);
      const before = lost.map(({ peer }) => peer);
      if (fault === 'SIGKILL') await failing.kill();
      else failing.signal('SIGSTOP');
      try {
        await until('all have followed', () => lost.every(({ peer }, n) => peer > (before[n] ?? 0)), WAIT);
        await until('all are there', () => other.peers.filter(ofRooms).length === SESSIONS, WAIT);
        const told = members.flatMap(({ client }) => client.received);
        expect(told.filter(({ params, error }) => params?.left ?? error?.data?.closeCode)).toEqual([]);
      } finally {
        await failing.restart();
      }
    },
    90_000,
  );
});
