import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../src/testing/index.js';
import { WireClient } from '../contract/wire-client.js';
import { Child } from '../support/child.js';
import { freePort } from '../support/listen.js';

const script = (name: string) =>
  fileURLToPath(new URL(`../../examples/moderation/${name}.js`, import.meta.url));

describe('examples/moderation', () => {
  let sfu: ScriptedSfu;
  let children: Child[] = [];

  beforeAll(async () => {
    sfu = await startScriptedSfu();
  });
  afterEach(async () => {
    await Promise.all(children.map((child) => child.stop()));
    children = [];
  });
  afterAll(() => sfu.stop());

  function run(name: string, env: Record<string, string>): Child {
    const child = new Child(process.execPath, [script(name)], { env: { ...process.env, ...env } });
    children.push(child);
    return child;
  }

  async function startService() {
    const service = run('service', { PORT: '0' });
    const [, url = ''] = await service.output(/moderating on (\S+)/);
    return { service, url };
  }

  /** A client in the room, and what it is told of what it says. */
  async function enter(env: Record<string, string>) {
    const PORT = String(await freePort());
    const server = run('server', { PORT, HOST: '127.0.0.1', SFU_URL: sfu.address, ...env });
    await server.output(/Live room\s+http/);
    const client = await WireClient.dial(`ws://127.0.0.1:${PORT}/rtc`);
    await client.request('join', { sid: 'lobby', uid: 'ada', offer: { type: 'offer', sdp: fakeOffer() } });
    const say = async (text: string) =>
      (await client.request('message', { kind: 'chat', data: { text } })).error?.message;
    const heard = () =>
      client.received.flatMap(({ method, params }) =>
        method === 'message' ? [String((params?.data as { text?: string } | undefined)?.text)] : [],
      );
    return { client, say, heard };
  }

  test('stars out words, also disguised ones, and leaves those be that only contain them', async () => {
    const { client, say, heard } = await enter({});
    for (const text of ['Oh d4rn, what the HECK', 'a check, a darning needle', 'hello']) await say(text);
    expect(heard()).toEqual(['Oh ****, what the ****', 'a check, a darning needle', 'hello']);
    await client.close();
  });

  test('asks the service, which refuses, or changes what is said', async () => {
    const { url } = await startService();
    const { client, say, heard } = await enter({ MODERATION_URL: url });
    expect(await say('HEAR ME, EVERYBODY')).toBe('No shouting, please.');
    expect(await say('oh darn it')).toBeUndefined();
    expect(await say('x'.repeat(300))).toBeUndefined();
    expect(heard()).toEqual(['oh **** it', `${'x'.repeat(200)}…`]);
    await client.close();
  });

  test.each(['refuse', 'pass'])('while the service is down it does what was chosen: %s', async (policy) => {
    const { service, url } = await startService();
    const { client, say, heard } = await enter({ MODERATION_URL: url, MODERATION_FAILURE: policy });
    expect(await say('before')).toBeUndefined();
    await service.stop();
    expect((await say('after')) === undefined).toBe(policy === 'pass');
    expect(heard()).toEqual(policy === 'pass' ? ['before', 'after'] : ['before']);
    await client.close();
  });
});
