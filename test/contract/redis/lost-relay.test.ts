import { afterAll, beforeAll, expect, test } from 'vitest';
import { chat, type Session, type SfuRelay } from '../../../src/index.js';
import { redisBackplane } from '../../../src/plugins/redis/index.js';
import { eventually } from '../../support/eventually.js';
import { describeReal } from '../../support/real.js';
import { CAMERA, heardBy, join, SharedStage, seenBy } from '../shared-suites/stage.js';
import { RedisStage } from './stage.js';

/** A lease takes 5 s to end. */
const SOON_MS = 20_000;

const options = { messages: { chat: chat() }, maxListedParticipants: 2 };
const principalOf = (userId: string) => ({ principal: { userId } });
const endOf = (session: Session) => {
  const ends: string[] = [];
  session.once('close', ({ error }) => ends.push(`${error?.code}: ${error?.message}`));
  return ends;
};

describeReal(['redis'], 'a relay that the others take for dead, and that comes back', () => {
  let redis: RedisStage;
  let stage: SharedStage;
  let lost: SfuRelay;
  let other: SfuRelay;
  const ends: Record<string, string[]> = {};
  const heard: Record<string, unknown[]> = {};
  const inRedis: string[] = [];
  let talker: Session;
  let visitor: Session;

  beforeAll(async () => {
    redis = await RedisStage.start();
    const proxy = await redis.proxy();
    const urls = [redis.server.url, proxy.url];
    const clients = await Promise.all(urls.map((url) => redis.clients.connect('redis', url)));
    const { prefix } = redis;
    stage = new SharedStage(() => ({
      backplane: (n) => redisBackplane({ client: clients[n] as never, prefix, logger: false }),
    }));
    await stage.setUp();
    [other, lost] = stage.two(options);
    const inRoom = async (relay: SfuRelay, roomId: string, userId: string, tracks = [CAMERA]) => {
      const session = await join(relay, userId, { roomId, ...principalOf(userId) }, tracks);
      ends[`${userId} in ${roomId}`] = endOf(session);
      heard[`${userId} in ${roomId}`] = heardBy(session);
      return session;
    };
    const hosts: Record<string, Session> = {};
    for (const roomId of ['kick', 'ban', 'end', 'talk', 'crowd']) {
      hosts[roomId] = await inRoom(other, roomId, 'host');
      await inRoom(lost, roomId, 'guest');
    }
    await inRoom(lost, 'kick', 'bystander');
    for (const n of [1, 2, 3, 4]) await inRoom(lost, 'crowd', `viewer-${n}`, []);
    talker = hosts.talk as Session;
    for (const host of Object.values(hosts))
      await eventually(() => expect(seenBy(host)).toHaveProperty('guest'));
    await eventually(() => expect(hosts.crowd?.room.audience.count).toBeGreaterThan(0), SOON_MS);

    proxy.isSilent = true;
    for (const host of Object.values(hosts))
      await eventually(() => expect(seenBy(host)).not.toHaveProperty('guest'), SOON_MS);
    await eventually(() => expect(hosts.crowd?.room.audience.count).toBe(0), SOON_MS);
    for (const roomId of ['kick', 'crowd'])
      inRedis.push(...((await redis.redis('HKEYS', `${redis.prefix}:{r:${roomId}}:s`)) as string[]));
    await Promise.all([
      hosts.kick?.room.kick('guest', { reason: 'Be polite.' }),
      hosts.ban?.room.ban('guest', { reason: 'Never again.' }),
      hosts.crowd?.room.kick('viewer-4', { reason: 'Be polite.' }),
      hosts.end?.room.end({ reason: 'The lesson is over.' }),
      ...['one', 'two', 'three'].map((text) => hosts.talk?.send({ kind: 'chat', data: { text } })),
    ]);
    await eventually(() => expect(other.rooms.has('end')).toBe(false));
    visitor = await eventually(() => inRoom(other, 'end', 'visitor'));

    proxy.isSilent = false;
    proxy.cut();
    for (const roomId of ['kick', 'talk', 'crowd'])
      await eventually(() => {
        const guest = hosts[roomId]?.room.others('').find(({ userId }) => /guest|bystander/.test(userId));
        expect(guest).toBeDefined();
      }, SOON_MS);
    await eventually(() => expect(hosts.crowd?.room.audience.count).toBeGreaterThan(0), SOON_MS);
    await hosts.talk?.send({ kind: 'chat', data: { text: 'four' } });
  }, 60_000);

  afterAll(async () => {
    await stage?.tearDown();
    await redis?.stop();
  });

  test('ends the sessions of users who were kicked or banned meanwhile, counted viewers too, and of no others', async () => {
    await eventually(() => {
      expect(ends['guest in kick']).toEqual(['ERR_RELAY_REMOVED: Be polite.']);
      expect(ends['guest in ban']).toEqual(['ERR_RELAY_REMOVED: Never again.']);
      expect(ends['viewer-4 in crowd']).toEqual(['ERR_RELAY_REMOVED: Be polite.']);
    });
    for (const who of ['bystander in kick', 'guest in talk', 'guest in crowd', 'viewer-1 in crowd'])
      expect(ends[who]).toEqual([]);
  });

  test('ends the sessions of a room that has ended meanwhile, and leaves alone the next room of that name', async () => {
    await eventually(() =>
      expect(ends['guest in end']).toEqual(['ERR_RELAY_ROOM_ENDED: The lesson is over.']),
    );
    expect(visitor.state).toBe('joined');
    expect(seenBy(visitor)).toEqual({});
    await eventually(() => expect(lost.rooms.has('end')).toBe(false));
    await eventually(() => join(lost, 'guest', { roomId: 'end', ...principalOf('guest') }));
    await eventually(() => expect(seenBy(visitor)).toEqual({ guest: [] }));
  });

  test('tells its clients what was said meanwhile, once and in order', async () => {
    await eventually(() => expect(heard['guest in talk']).toEqual(['one', 'two', 'three', 'four']));
    expect(talker.room.recentMessages).toHaveLength(4);
  });

  test('had nothing left in the rooms but the mark that refuses it', () => {
    const [mark, ...others] = new Set(inRedis.filter((field) => field.startsWith('x:')));
    expect(others).toEqual([]);
    const id = String(mark).slice(2);
    expect(new Set(inRedis.filter((field) => field.includes(id)))).toEqual(new Set([mark]));
  });
});
