import { readdir, readFile } from 'node:fs/promises';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { fakeAnswer, fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../src/testing/index.js';
import { WireClient } from '../contract/wire-client.js';
import { Child } from '../support/child.js';
import { ConsumerProject } from '../support/consumer.js';
import { parseExposition } from '../support/exposition.js';
import { freePort } from '../support/listen.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { RedisServer } from '../support/redis.js';

const folder = new URL('../../examples/complete/', import.meta.url);
const LOGIN_SECRET = 'the secret of the login, long enough';
const LIVE_SECRET = 'the secret of live rooms, long enough';

const login = (sub: string, claims: object = {}) =>
  new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setAudience('app')
    .setExpirationTime('1 minute')
    .sign(new TextEncoder().encode(LOGIN_SECRET));

describeReal(['redis'], 'examples/complete, copied into a project', () => {
  let sfu: ScriptedSfu;
  let redis: RedisServer;
  let project: ConsumerProject;

  beforeAll(async () => {
    [sfu, redis] = [await startScriptedSfu(), await RedisServer.start()];
    project = await ConsumerProject.create('module', ['redis', '@redis']);
    const files = (await readdir(folder)).filter((file) => file.endsWith('.ts'));
    for (const file of files) await project.write(file, await readFile(new URL(file, folder), 'utf8'));
    const complaints = await project.compile(files, {
      ...{ target: 'es2022', lib: ['es2023'], types: ['node'], module: 'node20', skipLibCheck: true },
      ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    });
    expect(complaints).toBe('');
  }, 180_000); // the compiler
  afterAll(async () => {
    await project?.remove();
    await redis?.stop();
    await sfu?.stop();
  });

  async function start() {
    const [port, internalPort] = [await freePort(), await freePort()];
    const child = new Child(process.execPath, ['server.js'], {
      cwd: project.folder,
      env: {
        ...process.env,
        ...{ LOGIN_SECRET, LIVE_SECRET, SFU_URLS: sfu.address, REDIS_URL: redis.url },
        ...{
          PORT: String(port),
          INTERNAL_PORT: String(internalPort),
          READINESS_DELAY_MS: '0',
          DRAIN_MS: '0',
        },
      },
    });
    onTestFinished(() => child.stop());
    await child.output(/The relay listens/);
    return { child, url: `http://127.0.0.1:${port}`, internal: `http://127.0.0.1:${internalPort}` };
  }

  const post = (url: string, token: string, body: object = {}) =>
    fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  async function enter(url: string, user: string, claims: object = {}) {
    const token = await (await post(`${url}/live-token/lobby`, await login(user, claims))).text();
    const socket = `${url.replace('http', 'ws')}/rtc`;
    const client = await WireClient.dial(socket, ['sfu-relay.v1', `bearer.${token}`]);
    const offer = { type: 'offer', sdp: fakeOffer([], { dataChannel: false }) };
    void client
      .notified('offer')
      .then(({ sdp }) => client.notify('answer', { desc: { type: 'answer', sdp: fakeAnswer(String(sdp)) } }))
      .catch(() => {}); // closed before an offer came
    const { result } = await client.request('join', { sid: 'lobby', offer });
    return { client, result: result as { role: string } };
  }

  test('two processes share a room: who is there, chat without bad words, bans by moderators', async () => {
    const [one, two] = [await start(), await start()];
    const ada = await enter(one.url, 'ada', { streamer: true });
    const ben = await enter(two.url, 'ben');
    expect(ada.result.role).toBe('publisher');
    expect(ben.result.role).toBe('subscriber');
    await until('Ben sees Ada', async () => {
      const { result: page } = await ben.client.request('participants', {});
      return (page as { participants: { userId: string }[] } | undefined)?.participants.some(
        ({ userId }) => userId === 'ada',
      );
    });

    const heard = ada.client.notified('message');
    await ben.client.request('message', { kind: 'chat', data: { text: 'oh darn' } });
    expect(await heard).toMatchObject({ data: { text: 'oh ****' } });

    const ban = `${one.url}/moderation/rooms/lobby/bans`;
    expect((await post(ban, await login('ada'), { userId: 'ben' })).status).toBe(403);
    expect((await post(ban, await login('mod', { moderator: true }), { userId: 'ben' })).status).toBe(204);
    expect((await ben.client.closed).code).toBe(4403);
  });

  test('gives tokens to those who are logged in only', async () => {
    const { url } = await start();
    expect((await post(`${url}/live-token/lobby`, 'nonsense')).status).toBe(401);
    const stranger = await WireClient.dial(`${url.replace('http', 'ws')}/rtc`, [
      'sfu-relay.v1',
      `bearer.${await login('ada')}`, // that of the login is not one of a live room
    ]);
    expect((await stranger.closed).code).toBe(4401);
  });

  test('has metrics inside only, and on SIGTERM sends its clients away and ends', async () => {
    const { child, url, internal } = await start();
    const { client } = await enter(url, 'ada');
    const metrics = parseExposition(await (await fetch(`${internal}/metrics`)).text());
    expect(metrics.get('sfu_relay_backplane_up')?.samples.get('sfu_relay_backplane_up')).toBe(1);
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    expect(await (await fetch(`${internal}/sfu/health`)).json()).toMatchObject({
      nodes: [{ server_url: sfu.address }],
    });

    process.kill(child.pid, 'SIGTERM');
    expect((await client.closed).code).toBe(1001);
    await child.ended();
    expect(child.exitCode).toBe(0);
  });

  test('does not start without its secrets, and says how to make one', async () => {
    const child = new Child(process.execPath, ['server.js'], {
      cwd: project.folder,
      env: { PATH: process.env.PATH },
    });
    await child.ended();
    expect(child.exitCode).toBe(1);
    expect(child.log).toMatch(/Set LOGIN_SECRET .*openssl rand/);
  });
});
