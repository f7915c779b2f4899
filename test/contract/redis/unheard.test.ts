import { afterEach, beforeEach, expect, test } from 'vitest';
import { RelayError, type SfuRelay } from '../../../src/index.js';
import { redisBackplane } from '../../../src/plugins/redis/index.js';
import { eventually } from '../../support/eventually.js';
import { describeReal } from '../../support/real.js';
import type { TcpProxy } from '../../support/tcp-proxy.js';
import { CAMERA, join, SharedStage, seenBy } from '../shared-suites/stage.js';
import { RedisStage } from './stage.js';

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'joined',
    (error: unknown) => (error instanceof RelayError ? error.code : error),
  );

describeReal(['redis'], 'a relay that does not hear of the others, though Redis answers it', () => {
  let redis: RedisStage;
  let stage: SharedStage;
  let proxy: TcpProxy;
  let deaf: SfuRelay;
  let other: SfuRelay;
  beforeEach(async () => {
    redis = await RedisStage.start();
    proxy = await redis.proxy();
    const urls = [redis.server.url, proxy.url];
    const clients = await Promise.all(urls.map((url) => redis.clients.connect('ioredis', url)));
    const { prefix } = redis;
    stage = new SharedStage(() => ({
      backplane: (n) => redisBackplane({ client: clients[n] as never, prefix, logger: false }),
    }));
    await stage.setUp();
    [other, deaf] = stage.two();
  });
  afterEach(async () => {
    await stage.tearDown();
    await redis.stop();
  });

  test('lets nobody into a room that another one has just locked, unlocked for the next', async () => {
    const host = await join(other, 'host', {}, [CAMERA]);
    const guest = await join(deaf, 'guest');
    await eventually(() => expect(seenBy(host)).toHaveProperty('guest'));
    expect(proxy.silence('SUBSCRIBE')).toBeGreaterThan(0);
    await host.room.lock();
    expect(guest.room.locked).toBe(false);
    expect(await codeOf(join(deaf, 'late'))).toBe('ERR_RELAY_ROOM_LOCKED');
    await host.room.unlock();
    expect(await codeOf(join(deaf, 'later'))).toBe('joined');
  });

  test('lets nobody into a room that another one has just ended, and ends its sessions there', async () => {
    const host = await join(other, 'host', {}, [CAMERA]);
    const guest = await join(deaf, 'guest');
    const ended = new Promise((resolve) => guest.once('close', ({ error }) => resolve(error?.code)));
    await eventually(() => expect(seenBy(host)).toHaveProperty('guest'));
    expect(proxy.silence('SUBSCRIBE')).toBeGreaterThan(0);
    // It waits for the other process, which hears of it late.
    const ending = host.room.end();
    await eventually(() => expect(host.state).toBe('closed'));
    expect(await codeOf(join(deaf, 'late'))).toBe('ERR_RELAY_ROOM_ENDED');
    expect(await ended).toBe('ERR_RELAY_ROOM_ENDED');
    await ending;
  });

  test('removes a user whom another one kicks, and the kick waits for that', async () => {
    const host = await join(other, 'host', {}, [CAMERA]);
    const guest = await join(deaf, 'guest');
    await eventually(() => expect(seenBy(host)).toHaveProperty('guest'));
    expect(proxy.silence('SUBSCRIBE')).toBeGreaterThan(0);
    await host.room.kick('guest');
    expect(guest.state).toBe('closed');
    expect(await codeOf(join(deaf, 'guest'))).toBe('joined');
  });
});
