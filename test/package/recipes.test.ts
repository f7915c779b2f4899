import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../src/testing/index.js';
import { WireClient } from '../contract/wire-client.js';
import { Child } from '../support/child.js';
import { ConsumerProject } from '../support/consumer.js';
import { saveFiles, stepsOf } from '../support/guide.js';
import { freePort } from '../support/listen.js';
import { until } from '../support/poll.js';

const LIVE_SECRET = 'a secret of thirty-two bytes, or more';
const API = '/api/v1/sfu';

const tokenOf = (user: string) =>
  new SignJWT({ video: { roomJoin: true, room: 'lobby' } })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(user)
    .setAudience('live')
    .setExpirationTime('1 minute')
    .sign(new TextEncoder().encode(LIVE_SECRET));

/** The recipes of docs/RECIPES.md, by the file that each has its server in. */
const recipes = { fastify: {}, nest: { rooms: '/rooms' }, next: { page: '/' } };

/** Next is too large to be installed for one recipe: it answers requests, and listens to the upgrades of its hot reloading. */
const NEXT = `
export default ({ httpServer }) => ({
  getRequestHandler: () => async (_request, response) => void response.end('a page'),
  prepare: async () => void httpServer.on('upgrade', () => {}),
});`;

describe('the recipes of docs/RECIPES.md', () => {
  let sfu: ScriptedSfu;
  let project: ConsumerProject;

  beforeAll(async () => {
    sfu = await startScriptedSfu();
    project = await ConsumerProject.create('module', ['fastify', '@nestjs', 'reflect-metadata', 'rxjs']);
    for (const steps of (await stepsOf('docs/RECIPES.md')).values()) await saveFiles(steps, project.folder);
    await project.addPackage('next', NEXT);
    const complaints = await project.compile(['fastify.ts', 'nest.ts'], {
      ...{ target: 'es2022', lib: ['es2023'], types: ['node'], module: 'node20', skipLibCheck: true },
      experimentalDecorators: true,
    });
    expect(complaints).toBe('');
  }, 180_000); // the compiler
  afterAll(async () => {
    await project?.remove();
    await sfu?.stop();
  });

  describe.each(Object.entries(recipes))('%s', (name, routes) => {
    async function start() {
      const port = await freePort();
      const env = { ...process.env, LIVE_SECRET, SFU_URL: sfu.address, PORT: String(port) };
      const server = new Child(process.execPath, [`${name}.js`], { cwd: project.folder, env });
      onTestFinished(() => server.stop());
      const url = `http://127.0.0.1:${port}`;
      await until('the server is ready', async () => {
        if (!server.alive()) throw new Error(server.log);
        return (await fetch(`${url}${API}/health`)).ok;
      });
      return { server, url };
    }

    const offer = { type: 'offer', sdp: fakeOffer() };

    test('serves the REST API, to those who have a token', async () => {
      const { url } = await start();
      const create = (headers: Record<string, string>) =>
        fetch(`${url}${API}/session`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify({ room_id: 'lobby', sdp: offer.sdp }),
        });
      expect((await create({})).status).toBe(401);
      const created = await create({ authorization: `Bearer ${await tokenOf('ada')}` });
      expect(await created.json()).toMatchObject({ code: 0, data: { sdp: expect.stringContaining('v=0') } });
    });

    test('serves WebSockets beside its own routes, and on SIGTERM its clients are told', async () => {
      const { server, url } = await start();
      const client = await WireClient.dial(`${url.replace('http', 'ws')}/rtc`, [
        'sfu-relay.v1',
        `bearer.${await tokenOf('ada')}`,
      ]);
      const { result } = await client.request('join', { sid: 'lobby', offer });
      expect(result).toMatchObject({ userId: 'ada', roomId: 'lobby' });
      if ('page' in routes) expect(await (await fetch(url + routes.page)).text()).toBe('a page');
      if ('rooms' in routes)
        expect(await (await fetch(url + routes.rooms)).json()).toEqual([{ id: 'lobby', size: 1 }]);

      process.kill(server.pid, 'SIGTERM');
      expect((await client.closed).code).toBe(1001);
      await server.ended();
      expect(server.exitCode === 0 || server.exitCode === null).toBe(true);
    });
  });
});
