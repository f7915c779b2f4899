import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { redisBackplane } from '../../../src/plugins/redis/index.js';
import { describeReal } from '../../support/real.js';
import { cardOf, RedisStage } from './stage.js';

describeReal(['redis'], 'the Redis client of an application', () => {
  let stage: RedisStage;
  const closers: (() => unknown)[] = [];
  beforeEach(async () => {
    stage = await RedisStage.start();
  });
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
    await stage.stop();
  });

  /** A process by a client of the test. */
  async function process(processId: string, client: unknown) {
    const backplane = redisBackplane({ client: client as never, prefix: stage.prefix, logger: false });
    await backplane.enter(cardOf(processId), () => {});
    closers.unshift(() => backplane.close());
    return backplane;
  }

  test('that was awaited by its event, and has no listener for errors, comes back after an outage', async () => {
    const client = createClient({ url: stage.server.url, socket: { reconnectStrategy: 50 } });
    closers.push(() => client.destroy());
    const ready = new Promise((resolve) => client.once('ready', resolve as () => void));
    await Promise.all([client.connect(), ready]);
    const backplane = await process('p-1', client);
    await stage.server.stop();
    await vi.waitFor(() => expect(client.isReady).toBe(false));
    await stage.server.start();
    await vi.waitFor(() => expect(backplane.status).toEqual({ commands: 'up', subscription: 'up' }), 5_000);
    expect(client.isReady).toBe(true);
  });

  const here = () => new Redis(stage.server.url);
  test.each([
    ['another database', here, () => createClient({ url: `${stage.server.url}/1` }).connect()],
    ['another database', here, () => new Redis(`${stage.server.url}/1`)],
    ['another keyPrefix', here, () => new Redis(stage.server.url, { keyPrefix: 'staging:' })],
  ])('hears nothing of processes that use the same server by %s', async (_, make, makeOther) => {
    const [client, other, third] = [make(), await makeOther(), make()];
    for (const each of [client, other, third]) closers.push(() => each.disconnect());
    const backplane = await process('p-1', client);
    await process('elsewhere', other);
    await process('p-2', third);
    const ids = () => backplane.processes().map(({ processId }) => processId);
    await vi.waitFor(() => expect(ids()).toContain('p-2'));
    expect(ids()).toEqual(['p-1', 'p-2']);
  });
});
