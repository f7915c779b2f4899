import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Backplane } from '../../../src/backplane/backplane.js';
import { chat } from '../../../src/index.js';
import { redisBackplane } from '../../../src/plugins/redis/index.js';
import { eventually } from '../../support/eventually.js';
import { describeReal } from '../../support/real.js';
import { REDIS_PACKAGES } from '../../support/redis-clients.js';
import type { TcpProxy } from '../../support/tcp-proxy.js';
import { note } from '../backplane-suites/stage.js';
import { RoamingClient } from '../shared-suites/clients.js';
import { apiOf, HttpClient } from '../shared-suites/http-client.js';
import { SharedStage } from '../shared-suites/stage.js';
import { notesOf, RedisStage, seat } from './stage.js';

/** As long as the text of one piece of a forwarded stream may be. */
const LONG = 'x'.repeat(256 * 1024);

describeReal(['redis'], 'a process that does not read what is published as fast as it comes', () => {
  let stage: RedisStage;
  beforeEach(async () => {
    stage = await RedisStage.start(['--client-output-buffer-limit', 'pubsub', '1mb', '1mb', '0']);
  });
  afterEach(() => stage.stop());

  const subscriptions = async () => {
    const list = String(await stage.redis('CLIENT', 'LIST', 'TYPE', 'pubsub'));
    return list.trim().split('\n').length;
  };
  /** Publishes more than Redis keeps for the process behind the proxy. */
  const overflow = async (proxy: TcpProxy, publish: (n: number) => Promise<unknown>) => {
    expect(await subscriptions()).toBe(2);
    expect(proxy.pause('SUBSCRIBE')).toBe(1);
    for (let n = 0; (await subscriptions()) === 2; n += 8)
      await Promise.all(Array.from({ length: 8 }, (_, each) => publish(n + each + 1)));
    proxy.resume();
  };

  test.each(REDIS_PACKAGES)(
    'is cut off by Redis, subscribes again, and has everything of its rooms once, in order (%s)',
    async (name) => {
      const proxy = await stage.proxy();
      const near = await stage.peer('p-1', name);
      const far = await stage.peer('p-2', name, proxy.url);
      await near.log.commit(seat('of-1'));
      let sent = 0;
      await overflow(proxy, async (n) => {
        sent = n;
        await near.backplane.send('p-2', `${n} ${LONG}`);
        if (n % 8 > 0) return;
        await near.log.append('of-1', note(`note ${n}`));
        await near.log.commit(seat(`of-${n}`));
      });

      await eventually(() => expect(notesOf(far)).toEqual(notesOf(near)));
      await eventually(() => expect(far.news.slice(1)).toEqual(near.news.slice(1)));
      await eventually(async () => {
        await near.backplane.send('p-2', 'afterwards');
        expect(far.texts).toContain('afterwards');
      });
      const numbers = far.texts.map((text) => Number.parseInt(text, 10)).filter((n) => n > 0);
      // What Redis had not sent yet is lost, as it is where a subscription is cut: who has asked gets no answer.
      expect(numbers.length).toBeLessThan(sent);
      expect(numbers).toEqual([...new Set(numbers)].sort((one, other) => one - other));
      expect(far.backplane.status).toEqual({ commands: 'up', subscription: 'up' });
      expect(far.membership.lost.aborted).toBe(false);
    },
  );

  test('loses pieces of the streams that it forwards: these break, and their clients go on without a gap', async () => {
    const proxy = await stage.proxy();
    const clients = await Promise.all(
      [stage.server.url, proxy.url].map((url) => stage.clients.connect('ioredis', url)),
    );
    const { prefix } = stage;
    const relays = new SharedStage(() => ({
      backplane: (n) => redisBackplane({ client: clients[n] as never, prefix, logger: false }),
    }));
    await relays.setUp();
    let backplane: Backplane | undefined;
    const options = { messages: { chat: chat() } };
    const one = relays.relay(options, (own) => {
      backplane = own;
      return own;
    });
    const other = relays.relay(options);
    const [here, there] = [apiOf(one), apiOf(other, { heartbeatIntervalMs: 500 })];
    const [alice, bob] = [new HttpClient(), new HttpClient()];
    await alice.create(here, { user_id: 'alice' });
    await bob.create(here, { user_id: 'bob' });
    const readers = [await alice.events(there)];
    const socket = new RoamingClient(other);
    await socket.connect();
    const { sessionId, sessionToken } = bob;
    await socket.request('attach', { sessionId, sessionToken, capabilities: ['resume', 'rejoin'] });
    if (socket.session) socket.session.token = sessionToken;
    await socket.ping();

    const said: string[] = [];
    const say = (text: string) => {
      said.push(text);
      return one.rooms.get('lobby')?.send({ kind: 'chat', data: { text } });
    };
    const textOf = (params: unknown) => (params as { data: { text: string } }).data.text;
    const heard = () => [
      readers.flatMap(({ received }) =>
        received.flatMap(({ data }) => (data.method === 'message' ? [textOf(data.params)] : [])),
      ),
      socket.heard('message').map(textOf),
    ];
    await say('before');
    await eventually(() => expect(heard()).toEqual([said, said]));
    const own = backplane?.processes().find(({ processId }) => one.elsewhere?.others.includes(processId));
    await overflow(proxy, async (n) => {
      if (n % 8 === 0) await say(`meanwhile ${n}`);
      await backplane?.send(String(own?.processId), JSON.stringify({ format: 0, LONG }));
    });
    // What was lost is noticed as no answer comes.
    void readers[0]?.ended.then(async () => {
      const last = { 'last-event-id': readers[0]?.received.at(-1)?.id ?? '' };
      readers.push(await alice.events(there, last));
    });
    void socket.connection.ended().then(() => socket.comeBack());
    await say('after');
    await eventually(() => expect(heard()).toEqual([said, said]));
    expect([one.sessions.size + other.sessions.size]).toEqual([2]);
    socket.dispose();
    await alice.close();
    await relays.tearDown();
  }, 30_000);
});
