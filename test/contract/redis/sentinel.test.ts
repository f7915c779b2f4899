import { afterEach, beforeEach, expect, test } from 'vitest';
import { chat, type Session } from '../../../src/index.js';
import { redisBackplane } from '../../../src/plugins/redis/index.js';
import { eventually } from '../../support/eventually.js';
import { describeReal } from '../../support/real.js';
import { REDIS_PACKAGES } from '../../support/redis-clients.js';
import { RedisSentinel } from '../../support/redis-sentinel.js';
import { CAMERA, heardBy, join, SharedStage, seenBy } from '../shared-suites/stage.js';

describeReal(['redis'], 'relays whose Redis fails over to a replica by a Sentinel', () => {
  let redis: RedisSentinel;
  let stage: SharedStage | undefined;
  beforeEach(async () => {
    redis = await RedisSentinel.start();
  });
  afterEach(async () => {
    await stage?.tearDown();
    await redis.stop();
  });

  test.each(REDIS_PACKAGES)(
    'end no session, agree on who is there, and go on: with clients of %s',
    async (name) => {
      const clients = await Promise.all([1, 2, 3].map(() => redis.client(name)));
      const shared = new SharedStage(() => ({
        backplane: (n) => redisBackplane({ client: clients[n] as never, logger: false }),
      }));
      stage = shared;
      await shared.setUp();
      const relays = [1, 2, 3].map(() => shared.relay({ messages: { chat: chat() } }));
      const sessions = await Promise.all(
        relays.map((relay, n) => join(relay, `user-${n}`, {}, n === 0 ? [CAMERA] : [])),
      );
      const roster = (session: Session) => Object.keys(seenBy(session)).length;
      for (const session of sessions) await eventually(() => expect(roster(session)).toBe(2));
      const gone: unknown[] = [];
      for (const session of sessions) {
        session.on('close', (reason) => gone.push(reason));
        session.on('participants', ({ left }) => gone.push(...(left ?? [])));
      }
      await redis.failOver();
      const late = await eventually(() => join(relays[1] as never, 'late'));
      for (const session of [...sessions, late]) await eventually(() => expect(roster(session)).toBe(3));
      const heard = heardBy(late);
      await eventually(() => sessions[2]?.send({ kind: 'chat', data: { text: 'hello' } }));
      await eventually(() => expect(heard).toContain('hello'));
      expect(gone).toEqual([]);
    },
    60_000,
  );
});
