import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { fakeOffer } from '../../src/testing/index.js';
import { eventually } from '../support/eventually.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { ClusterStage, chatOf, type Member, roster, say } from './cluster-stage.js';

const CAMERA = { kind: 'video', streamId: 'home', trackId: 'camera' } as const;
const WAIT = { timeoutMs: 20_000 };

describeReal(['ion', 'redis'], 'when something fails, relays that share their rooms', () => {
  const stage = new ClusterStage();
  beforeAll(() => stage.setUp());
  beforeEach(() => stage.begin());
  afterEach(() => stage.clear());
  afterAll(() => stage.tearDown());

  const everyoneSees = async (members: Member[]) => {
    for (const member of members) {
      const others = members.flatMap(({ user }) => (user === member.user ? [] : [user])).sort();
      await until(`${member.user} sees ${others}`, () => `${roster(member)}` === `${others}`, WAIT);
    }
  };

  test('take the seats of a process that was killed, but for those who have come back elsewhere', async () => {
    const [one, other, third] = await stage.relays(3);
    const lost = await stage.join(one, 'lobby', 'lost', { tracks: [CAMERA] });
    await stage.join(one, 'lobby', 'gone');
    const stays = await stage.join(other, 'lobby', 'stays');
    await until('all are known', () => roster(stays).length === 2);
    await one.child.stop('SIGKILL');
    const { sessionId, sessionToken } = lost;
    const back = await stage.join(third, 'lobby', 'lost', {
      tracks: [{ ...CAMERA, trackId: 'again' }],
      replaces: { sessionId, sessionToken },
    });
    await until('the one who has not come back is gone', () => `${roster(stays)}` === 'lost', WAIT);
    await everyoneSees([stays, back]);
    // Nobody has ever seen two of them.
    for (let n = 0; n <= stays.client.received.length; n += 1) {
      const client = { ...stays.client, received: stays.client.received.slice(0, n) } as Member['client'];
      expect(roster({ ...stays, client }).filter((user) => user === 'lost').length).toBeLessThan(2);
    }
    // What says who has replaced it expires.
    const { length } = (await stage.keys()).filter((key) => key.includes(sessionId) && !key.includes(':{v:'));
    expect(length).toBe(0);
  });

  test('tell a client to join in its place whose process was killed, and let it resume where the process lives', async () => {
    const [one, other] = await stage.relays(2);
    const stays = await stage.join(other, 'lobby', 'stays');
    const resuming = { capabilities: ['resume', 'rejoin'] };
    const moves = await stage.join(one, 'lobby', 'moves', { ...resuming, tracks: [CAMERA] });
    const lost = await stage.join(one, 'lobby', 'lost', resuming);
    await everyoneSees([stays, moves, lost]);
    const told = stays.client.received.length;
    const moved = await stage.resume(moves, other);
    expect(moved.answer.error).toBeUndefined();
    await moved.again.next(({ method }) => method === 'rejoin');
    const offer = { type: 'offer', sdp: fakeOffer([{ ...CAMERA, trackId: 'again' }]) };
    expect((await moved.again.request('rejoin', { peer: 2, offer })).result).toMatchObject({ peer: 2 });
    expect((await say({ ...moves, client: moved.again }, 'here')).error).toBeUndefined();
    await until('it is heard', () => chatOf(stays).includes('here'));
    await one.child.stop('SIGKILL');
    const dead = await stage.resume(lost, other);
    expect(dead.answer.error?.data?.code).toBe('ERR_RELAY_SESSION_NOT_FOUND');
    const { sessionId, sessionToken } = lost;
    const back = await stage.join(other, 'lobby', 'lost', { replaces: { sessionId, sessionToken } });
    await eventually(() => expect(roster(stays)).toEqual(['lost', 'moves']), WAIT.timeoutMs);
    expect(roster(back)).toEqual(['moves', 'stays']);
    const left = stays.client.received.slice(told).flatMap(({ params }) => (params?.left ?? []) as string[]);
    expect(left).toEqual([sessionId]);
  });

  test('go on after FLUSHALL', async () => {
    const relays = await stage.relays(2);
    const members = await Promise.all(relays.map((relay, n) => stage.join(relay, 'lobby', `user-${n}`)));
    await everyoneSees(members);
    await (await stage.inspector()).flushAll();
    const newcomer = await until(
      'somebody can join',
      () => stage.join(relays[0], 'lobby', 'newcomer').catch(() => undefined),
      WAIT,
    );
    await everyoneSees([...members, newcomer as Member]);
    for (const { client } of members)
      expect(client.received.filter(({ params }) => params?.left)).toEqual([]);
  });

  test('heal after one of them was stopped for 10 s: it is fenced, and its clients are there again', async () => {
    const [one, other] = await stage.relays(2);
    const slow = await stage.join(one, 'lobby', 'slow');
    const stays = await stage.join(other, 'lobby', 'stays');
    await everyoneSees([slow, stays]);
    one.signal('SIGSTOP');
    await until('its users are gone', () => roster(stays).length === 0, WAIT);
    one.signal('SIGCONT');
    await until(
      'they are back, or have been told to join again',
      async () => {
        if (`${roster(stays)}` === 'slow') return true;
        return slow.client.received.some(({ error }) => error?.data?.closeCode !== undefined);
      },
      WAIT,
    );
  });
});
