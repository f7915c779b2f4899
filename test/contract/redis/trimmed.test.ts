import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { chat, type Session, type SfuRelay } from '../../../src/index.js';
import { redisBackplane } from '../../../src/plugins/redis/index.js';
import { describeReal } from '../../support/real.js';
import type { TcpProxy } from '../../support/tcp-proxy.js';
import { CAMERA, heardBy, join, SharedStage, seenBy } from '../shared-suites/stage.js';
import { RedisStage } from './stage.js';

/** A lease takes 5 s to end. */
const SOON = { timeout: 20_000 };
/** More than the streams of a room keep: 512 messages, 1,024 changes, and what Redis trims later. */
const MANY = 1_500;

/** What a relay does that could not reach Redis for a while. */
const ways = ['comes back', 'writes as it comes back', 'was taken for dead'] as const;

/** A relay that misses what happens, and a participant there. */
interface Deaf {
  readonly relay: SfuRelay;
  readonly proxy: TcpProxy;
  readonly session: Session;
  readonly heard: unknown[];
  readonly joined: string[];
  readonly left: string[];
}

describeReal(['redis'], 'relays that have missed more than Redis keeps of a room', () => {
  let redis: RedisStage;
  let stage: SharedStage;
  let host: Session;
  let leaver: Session;
  let newcomer: Session;
  let everything: unknown[];
  const deaf = {} as Record<(typeof ways)[number], Deaf>;
  const say = (session: Session, text: string) => session.send({ kind: 'chat', data: { text } });

  beforeAll(async () => {
    redis = await RedisStage.start();
    const proxies = await Promise.all(ways.map(() => redis.proxy()));
    const urls = [redis.server.url, ...proxies.map(({ url }) => url)];
    const clients = await Promise.all(urls.map((url) => redis.clients.connect('ioredis', url)));
    const { prefix } = redis;
    stage = new SharedStage(() => ({
      backplane: (n) => redisBackplane({ client: clients[n] as never, prefix, logger: false }),
    }));
    await stage.setUp();
    const [relay, ...others] = [0, ...ways].map(() => stage.relay({ messages: { chat: chat() } }));
    host = await join(relay as SfuRelay, 'host', {}, [CAMERA]);
    leaver = await join(relay as SfuRelay, 'leaver');
    everything = heardBy(host);
    for (const [n, way] of ways.entries()) {
      const session = await join(others[n] as SfuRelay, way);
      const [joined, left]: string[][] = [[], []];
      session.on('participants', (change) => {
        joined?.push(...(change.joined ?? []).map(({ userId }) => userId));
        left?.push(...(change.left ?? []));
      });
      deaf[way] = {
        ...{ relay: others[n] as SfuRelay, proxy: proxies[n] as TcpProxy, session },
        ...{ heard: heardBy(session), joined: joined ?? [], left: left ?? [] },
      };
    }
    for (const { session } of Object.values(deaf))
      await vi.waitFor(() => expect(Object.keys(seenBy(session))).toHaveLength(ways.length + 1), SOON);
    await say(host, 'the beginning');
    for (const { heard } of Object.values(deaf)) await vi.waitFor(() => expect(heard).toHaveLength(1), SOON);
    for (const { joined } of Object.values(deaf)) joined.length = 0;

    deaf['was taken for dead'].proxy.isSilent = true;
    await vi.waitFor(() => expect(seenBy(host)).not.toHaveProperty('was taken for dead'), SOON);
    for (const { proxy } of Object.values(deaf)) proxy.isSilent = true;
    await leaver.close();
    newcomer = await join(relay as SfuRelay, 'newcomer');
    for (let n = 0; n < MANY; n += 50) {
      const texts = Array.from({ length: 50 }, (_, m) => say(host, `text ${n + m}`));
      const changes = Array.from({ length: 25 }, () => [host.room.lock(), host.room.unlock()]);
      await Promise.all([...texts, ...changes.flat()]);
    }
    await host.room.lock();

    for (const { proxy } of Object.values(deaf)) {
      proxy.isSilent = false;
      proxy.cut();
    }
    const late = { kind: 'chat', id: 'late', data: { text: 'from one who has missed much' } };
    await vi.waitFor(() => deaf['writes as it comes back'].session.send(late), SOON);
    await vi.waitFor(() => expect(seenBy(host)).toHaveProperty('was taken for dead'), SOON);
    await say(newcomer, 'the end');
  }, 60_000);

  afterAll(async () => {
    await stage?.tearDown();
    await redis?.stop();
  });

  test.each(ways)(
    'tell their clients the newest 500 messages, once and in order: one that %s',
    async (way) => {
      const { heard } = deaf[way];
      await vi.waitFor(() => expect(heard.at(-1)).toBe('the end'), SOON);
      expect(heard).toEqual(everything.filter((text) => heard.includes(text)));
      expect(heard.slice(-500)).toEqual(everything.slice(-500));
      expect(heard.length).toBeLessThan(everything.length);
    },
  );

  test.each(ways)('know who is there, and what holds in the room: one that %s', async (way) => {
    const { session, joined, left } = deaf[way];
    const others = ways.filter((each) => each !== way);
    await vi.waitFor(
      () => expect(Object.keys(seenBy(session)).sort()).toEqual(['host', 'newcomer', ...others].sort()),
      SOON,
    );
    expect(session.state).toBe('joined');
    expect(session.room.locked).toBe(true);
    await vi.waitFor(() => expect(left).toContain(leaver.id));
    expect(joined).toContain('newcomer');
    for (const { id } of [host, newcomer, session]) expect(left).not.toContain(id);
  });
});
