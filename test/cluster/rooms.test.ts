import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type FakeTrack, fakeOffer } from '../../src/testing/index.js';
import { HttpClient } from '../contract/shared-suites/http-client.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { ClusterStage, chatOf, type Member, roster, say } from './cluster-stage.js';

const CAMERA = { kind: 'video', streamId: 'home', trackId: 'camera' } as const;
const tracksOf = ({ client, result }: Member): string[] => {
  const tracks = new Map<string, string>();
  const note = (participants: unknown) => {
    for (const { sessionId, tracks: own } of (participants ?? []) as {
      sessionId: string;
      tracks: { trackId: string }[];
    }[])
      for (const { trackId } of own) tracks.set(`${sessionId} ${trackId}`, trackId);
  };
  note(result.participants);
  for (const { method, params = {} } of client.received) {
    if (method === 'participants') for (const each of [params.joined, params.updated]) note(each);
    if (method === 'tracks' && params.state === 'added')
      note([{ sessionId: params.sessionId, tracks: params.tracks }]);
  }
  return [...tracks.values()].sort();
};

describeReal(['ion', 'redis'], 'relays in several processes, with one Redis', () => {
  const stage = new ClusterStage();
  beforeAll(() => stage.setUp());
  beforeEach(() => stage.begin());
  afterEach(() => stage.clear());
  afterAll(() => stage.tearDown());

  test('put each room on one node, however many join it first at once', async () => {
    const relays = await stage.relays(4);
    const rooms = Array.from({ length: 50 }, (_, n) => `first-${n}`);
    await Promise.all(
      rooms.flatMap((room) => relays.map((relay, n) => stage.join(relay, room, `user-${n}`))),
    );
    const placed = [...stage.ions.nodesOfRooms].filter(([room]) => room.startsWith('first-'));
    expect(placed.map(([room]) => room.replace(/~.*/, '')).sort()).toEqual([...rooms].sort());
    expect(placed.filter(([, nodes]) => nodes.size !== 1)).toEqual([]);
  });

  test('tell everybody of everybody and of their tracks, and of each change', async () => {
    const [one, other] = await stage.relays(2);
    const ada = await stage.join(one, 'lobby', 'ada', { tracks: [CAMERA] });
    const bob = await stage.join(other, 'lobby', 'bob');
    expect([roster(bob), tracksOf(bob)]).toEqual([['ada'], ['camera']]);
    await until('ada knows bob', () => roster(ada).includes('bob'));
    await bob.client.request('update', { metadata: { hand: true } });
    await ada.client.next(({ method, params }) => method === 'participants' && !!params?.updated);
    await ada.client.request('leave');
    await until('ada has left', () => roster(bob).length === 0);
  });

  test('deliver chat once and in one order, a gift that is sent three times once, and all likes', async () => {
    const relays = await stage.relays(4);
    const members = await Promise.all(relays.map((relay, n) => stage.join(relay, 'show', `user-${n}`)));
    await Promise.all(
      members.flatMap((member) => Array.from({ length: 10 }, (_, n) => say(member, `${member.user} ${n}`))),
    );
    for (const member of members) await until('all chat has come', () => chatOf(member).length >= 40);
    const [first, ...more] = members.map(chatOf);
    expect(new Set(first).size).toBe(40);
    for (const each of more) expect(each).toEqual(first);

    const [giver] = members as [Member];
    const gift = { kind: 'gift', id: 'g-1', data: { gift: 'rose', count: 1 } };
    for (let n = 0; n < 3; n += 1)
      expect(await giver.client.request('message', gift)).toHaveProperty('result');
    await say(giver, 'the end');
    const gifts = ({ client }: Member) =>
      client.received.filter(({ method, params }) => method === 'message' && params?.kind === 'gift');
    for (const member of members) {
      await until('the end has come', () => chatOf(member).includes('the end'));
      expect(gifts(member)).toHaveLength(1);
    }

    await Promise.all(
      members.flatMap(({ client }) =>
        Array.from({ length: 100 }, () => client.request('message', { kind: 'like', data: { count: 25 } })),
      ),
    );
    const likes = ({ client }: Member) =>
      client.received
        .filter(({ method, params }) => method === 'message' && params?.kind === 'like')
        .map(({ params }) => params?.data as { count: number; total?: number });
    for (const member of members)
      await until('all likes are counted', () => likes(member).at(-1)?.total === 10_000);
  });

  test('carry out moderation wherever somebody is', async () => {
    const [one, other] = await stage.relays(2);
    const host = await stage.join(one, 'lobby', 'host');
    const guest = await stage.join(other, 'lobby', 'guest');
    await host.client.request('moderate', { action: 'ban', userId: 'guest' });
    expect((await guest.client.closed).code).toBe(4403);
    await until('the guest has left', () => roster(host).length === 0);
    await expect(stage.join(other, 'lobby', 'guest')).rejects.toThrow('ERR_RELAY_REMOVED');
    await host.client.request('moderate', { action: 'lock' });
    await expect(stage.join(other, 'lobby', 'stranger')).rejects.toThrow('ERR_RELAY_ROOM_LOCKED');
    await host.client.request('moderate', { action: 'end' });
    expect((await host.client.closed).code).toBe(4410);
  });

  test('serve REST and event streams whichever of them a request reaches, until the process of the session is killed', async () => {
    const [one, other] = await stage.relays(2);
    const [here, there] = [one.apiOf('ada'), other.apiOf('ada')];
    const ada = new HttpClient();
    const body = { user_id: 'ada', role: 'publisher', sdp: fakeOffer([CAMERA]) };
    expect((await ada.create(here, body)).status).toBe(200);
    const reader = await ada.events(there);
    expect(await reader.notified('joined')).toMatchObject({ sessionId: ada.sessionId });
    const bob = await stage.join(other, 'lobby', 'bob');
    await until('bob sees the camera', () => tracksOf(bob).includes('camera'));
    const texts = Array.from({ length: 10 }, (_, n) => String(n));
    for (const [n, text] of texts.entries()) {
      const chat = { kind: 'chat', data: { text } };
      expect((await ada.signal(n % 2 === 0 ? there : here, 'message', chat)).status).toBe(200);
    }
    await until('bob has heard all', () => chatOf(bob).length === texts.length);
    expect(chatOf(bob)).toEqual(texts);
    const desc = { type: 'offer', sdp: fakeOffer([CAMERA, { ...CAMERA, trackId: 'screen' }]) };
    expect((await ada.signal(there, 'offer', { desc })).body.result).toMatchObject({ type: 'answer' });
    await say(bob, 'hello');
    await reader.notified('message');

    one.signal('SIGKILL');
    expect((await reader.next(({ event }) => event === 'close')).data.code).toBe(4503);
    expect((await ada.request(there, 'GET', '/stats')).status).toBe(503);
    const { sessionId: session_id, sessionToken: session_token } = ada;
    const again = await ada.create(there, { ...body, replaces: { session_id, session_token } });
    expect(again.status).toBe(200);
    await until('her old session has gone', () => roster(bob).join() === 'ada');
    await ada.close();
  });

  test('leave nothing in Redis when they have closed', async () => {
    const relays = await stage.relays(3);
    await Promise.all(
      relays.flatMap((relay, n) => [0, 1, 2].map((room) => stage.join(relay, `room-${room}`, `user-${n}`))),
    );
    expect(await stage.keys()).not.toEqual([]);
    for (const relay of relays) relay.signal('SIGTERM');
    await Promise.all(relays.map(({ child }) => child.ended()));
    await until(
      'no key is left',
      async () => {
        const keys = await stage.keys();
        if (keys.length > 0) {
          const contents = await stage.contents(keys);
          throw new Error(JSON.stringify(contents, undefined, 1));
        }
        return true;
      },
      { timeoutMs: 15_000 },
    );
  });

  test('need no command of Redis for candidates, offers and statistics', async () => {
    const [one, other] = await stage.relays(2);
    const ada = await stage.join(one, 'lobby', 'ada', { tracks: [CAMERA] });
    const bob = await stage.join(other, 'lobby', 'bob');
    await until('ada knows bob', () => roster(ada).includes('bob'));
    const commands: string[] = [];
    const monitor = (await stage.inspector()).duplicate();
    await monitor.connect();
    await monitor.monitor((line) => commands.push(line));
    const candidate = (n: number) => ({
      candidate: `candidate:${n} 1 udp 2122260223 192.168.0.17 46243 typ host`,
      sdpMid: '0',
      sdpMLineIndex: 0,
    });
    for (let n = 0; n < 50; n += 1) ada.client.notify('trickle', { target: 0, candidate: candidate(n) });
    for (let n = 0; n < 20; n += 1) await ada.client.request('ping');
    const offer = (...tracks: FakeTrack[]) =>
      ada.client.request('offer', { desc: { type: 'offer', sdp: fakeOffer(tracks) } });
    expect((await offer(CAMERA)).result).toMatchObject({ type: 'answer' });
    const [streamId, trackId] = [randomUUID(), randomUUID()];
    expect((await offer(CAMERA, { kind: 'audio', streamId, trackId })).result).toMatchObject({
      type: 'answer',
    });
    await until('bob knows the new track', () => tracksOf(bob).includes(trackId));
    await say(ada, 'now');
    // Beside what scripts do, and the look at each room that belongs to the beat.
    const others = /\[\d+ lua\]|"[\w-]+\.\d+" "[\da-f-]{36}"/;
    const ofRoom = () => commands.filter((line) => /lobby/.test(line) && !others.test(line));
    await until('the chat is seen', () => ofRoom().length > 1);
    monitor.destroy();
    // The scripts that tell of the new track, and append the chat message.
    expect(ofRoom()).toEqual([expect.stringContaining('EVALSHA'), expect.stringContaining('EVALSHA')]);
  });
});
