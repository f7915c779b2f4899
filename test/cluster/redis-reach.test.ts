import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { type ToxicProxy, Toxiproxy } from '../support/toxiproxy.js';
import { ClusterStage, chatOf, type Member, roster, say } from './cluster-stage.js';
import type { RelayProcess } from './relay-process.js';

const WAIT = { timeoutMs: 20_000 };

describeReal(['ion', 'redis'], 'relays that reach their Redis badly', () => {
  const stage = new ClusterStage();
  let toxiproxy: Toxiproxy;
  let proxy: ToxicProxy;
  beforeAll(async () => {
    await stage.setUp();
    toxiproxy = await Toxiproxy.start();
  });
  beforeEach(async () => {
    await stage.begin();
    proxy = await toxiproxy.proxy(`127.0.0.1:${stage.redis.port}`);
  });
  afterEach(() => stage.clear());
  afterAll(async () => {
    await toxiproxy?.stop();
    await stage.tearDown();
  });

  const url = () => `redis://${proxy.address}`;
  const meet = async (relays: readonly RelayProcess[]) => {
    const members: Member[] = [];
    for (const [n, relay] of relays.entries()) members.push(await stage.join(relay, 'lobby', `user-${n}`));
    for (const each of members)
      await until('all see each other', () => roster(each).length === relays.length - 1, WAIT);
    return members;
  };
  /** Those who have lost their sessions, or were told that others have. */
  const disturbed = (members: readonly Member[]) =>
    members.flatMap(({ client, user }) =>
      client.received.some(({ error, params }) => error?.data?.closeCode ?? params?.left) ? [user] : [],
    );

  test('join, write and moderate where it takes 500 ms to answer; nobody is lost', async () => {
    const relays = await stage.relays(3, {}, () => ({ redis: url() }));
    const members = await meet(relays);
    await proxy.add('latency', 'downstream', { latency: 500 });
    const host = await stage.join(relays[0], 'lobby', 'host');
    const all = [...members, host];
    for (const [n, member] of all.entries()) expect(await say(member, `text ${n}`)).toHaveProperty('result');
    for (const each of all)
      await until('the chat is there', () => `${chatOf(each)}` === 'text 0,text 1,text 2,text 3', WAIT);
    expect(await host.client.request('moderate', { action: 'lock' })).toHaveProperty('result');
    await expect(stage.join(relays[1], 'lobby', 'late')).rejects.toThrow('ERR_RELAY_ROOM_LOCKED');
    expect(disturbed(all)).toEqual([]);
    for (const each of relays) expect((await each.health()).body.backplane).toEqual({ status: 'ok' });
  });

  test.each([
    ['is cut', () => proxy.close(), () => proxy.open()],
    ['is silent', () => proxy.swallow(), () => proxy.pass()],
  ])('miss nothing where the connection by which they hear of each other %s', async (_, fail, heal) => {
    const relays = await stage.relays(3, {}, (n) => (n < 2 ? { subscription: url() } : {}));
    const members = await meet(relays);
    const [deaf, , writer] = members as [Member, Member, Member];
    await fail();
    const texts = Array.from({ length: 20 }, (_, n) => `text ${n}`);
    for (const text of texts) expect(await say(writer, text)).toHaveProperty('result');
    const late = await stage.join(relays[2], 'lobby', 'late');
    expect(await say(deaf, 'from the deaf')).toHaveProperty('result');
    await until('they know it', () => chatOf(deaf).length === texts.length + 1, WAIT);
    await heal();
    expect(await say(late, 'the end')).toHaveProperty('result');
    for (const each of members) {
      await until('everything is there', () => chatOf(each).includes('the end'), WAIT);
      expect(chatOf(each)).toEqual([...texts, 'from the deaf', 'the end']);
      await until('all are known', () => roster(each).length === 3, WAIT);
    }
    expect(disturbed([...members, late])).toEqual([]);
  });
});
