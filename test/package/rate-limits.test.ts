import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ScriptedSfu, startScriptedSfu } from '../../src/testing/index.js';
import { WireClient } from '../contract/wire-client.js';
import { Child } from '../support/child.js';
import { ConsumerProject } from '../support/consumer.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { RedisServer } from '../support/redis.js';

const PINGS = 10;

/** A relay whose users have so many pings a minute, on whichever relay they are. */
const server = `
import { createServer } from 'node:http';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { SfuRelay } from 'sfu-relay';
import { rateLimits } from 'sfu-relay/limits';
import { useServer } from 'sfu-relay/ws';
import { WebSocketServer } from 'ws';

async function connect() {
  if (process.env.CLIENT === 'ioredis') return new Redis(process.env.REDIS_URL, { maxRetriesPerRequest: 0 });
  return createClient({ url: process.env.REDIS_URL, disableOfflineQueue: true }).connect();
}
const redis = await connect();
redis.on('error', () => {});
const logger = { debug() {}, info: (_, text) => console.log(text), warn: (_, text) => console.log(text), error: console.log };
const user = { points: ${PINGS}, durationMs: 60_000, costs: { '*': 0, ping: 1 } };
const relay = new SfuRelay({
  sfu: { serverUrl: process.env.SFU_URL },
  authenticate: ({ token }) => ({ userId: token }),
  rateLimiter: rateLimits({ user, address: false, redis, logger }),
});
const server = createServer();
useServer(relay, new WebSocketServer({ server }));
server.listen(0, '127.0.0.1', () => console.log('port ' + server.address().port));
`;

describeReal(['redis'], 'two relay processes with one Redis', () => {
  let sfu: ScriptedSfu;
  let redis: RedisServer;
  let project: ConsumerProject;
  const relays: Child[] = [];

  beforeAll(async () => {
    sfu = await startScriptedSfu();
    project = await ConsumerProject.create('module', ['ioredis', 'redis']);
    await project.write('server.js', server);
  });
  beforeEach(async () => {
    redis = await RedisServer.start();
  });
  afterEach(async () => {
    await Promise.all(relays.splice(0).map((relay) => relay.stop('SIGKILL')));
    await redis?.stop();
  });
  afterAll(async () => {
    await project?.remove();
    await sfu?.stop();
  });

  async function startRelay(client: 'ioredis' | 'redis') {
    const env = { ...process.env, CLIENT: client, REDIS_URL: redis.url, SFU_URL: sfu.address };
    const relay = new Child(process.execPath, ['server.js'], { cwd: project.folder, env });
    relays.push(relay);
    const [, port] = await relay.output(/port (\d+)/);
    const connect = (user: string) =>
      WireClient.dial(`ws://127.0.0.1:${port}`, ['sfu-relay.v1', `bearer.${user}`]);
    return { relay, connect };
  }

  /** How many of a user's pings pass, sent by turns on both connections. */
  async function passing(clients: readonly WireClient[], count = 2 * PINGS): Promise<number> {
    let passed = 0;
    for (let n = 0; n < count; n += 1) {
      const { error } = (await clients[n % clients.length]?.request('ping')) ?? {};
      if (!error) passed += 1;
      else expect(error.data?.code).toBe('ERR_RELAY_TOO_MANY');
    }
    return passed;
  }

  const connectBoth = (both: { connect(user: string): Promise<WireClient> }[], user: string) =>
    Promise.all(both.map(({ connect }) => connect(user)));

  test("a user's budget is one for both, each by the client that it has", async () => {
    const both = await Promise.all([startRelay('ioredis'), startRelay('redis')]);
    expect(await passing(await connectBoth(both, 'alice'))).toBe(PINGS);
    expect(await passing(await connectBoth(both, 'bob'))).toBe(PINGS);

    const clients = await connectBoth(both, 'carol');
    const racing = clients.flatMap((client) => Array.from({ length: PINGS }, () => client.request('ping')));
    const passed = (await Promise.all(racing)).filter(({ error }) => error === undefined);
    expect(passed).toHaveLength(PINGS);
    const { error } = (await clients[0]?.request('ping')) ?? {};
    expect(error?.data?.retryAfterMs).toBeGreaterThan(0);
    expect(error?.data?.retryAfterMs).toBeLessThanOrEqual(60_000);
  });

  test('while Redis is down each counts for itself; when it is back the budget is one again', async () => {
    const both = await Promise.all([startRelay('ioredis'), startRelay('redis')]);
    const clients = await connectBoth(both, 'alice');
    expect(await passing(clients, 2)).toBe(2);

    await redis.stop();
    await Promise.all(
      both.map(({ relay }, n) =>
        until('it is noticed', async () => {
          await clients[n]?.request('ping');
          return relay.log.includes('Redis does not answer');
        }),
      ),
    );
    expect(await passing(await connectBoth(both, 'bob'), 4 * PINGS)).toBe(2 * PINGS);

    await redis.start();
    await Promise.all(
      both.map(({ relay, connect }) =>
        until('it is back', async () => {
          const client = await connect('dave');
          await client.request('ping');
          await client.close();
          return relay.log.includes('Redis answers again');
        }),
      ),
    );
    expect(await passing(await connectBoth(both, 'erin'))).toBe(PINGS);
  });
});
