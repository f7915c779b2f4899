import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../src/testing/index.js';
import { overWebSocket } from '../contract/client-socket.js';
import { WireClient } from '../contract/wire-client.js';
import { Child } from '../support/child.js';
import { ConsumerProject } from '../support/consumer.js';
import { freePort } from '../support/listen.js';
import { until } from '../support/poll.js';
import { examplesOf } from '../support/readme.js';
import {
  Authority,
  inSeconds,
  json,
  type SigningKey,
  sign,
  signingKey,
} from '../unit/plugins/auth/authority.js';

const LIVE_SECRET = 'a secret of thirty-two bytes, or more';

describe('the examples of docs/OAUTH2.md, run where the package is installed', () => {
  let sfu: ScriptedSfu;
  let project: ConsumerProject;
  let server: Authority;
  let key: SigningKey;
  let examples: Map<string, string>;

  beforeAll(async () => {
    sfu = await startScriptedSfu();
    server = await new Authority().start();
    key = await signingKey('1', 'RS256');
    project = await ConsumerProject.create('module');
    examples = await examplesOf('docs/OAUTH2.md');
    for (const [name, code] of examples) await project.write(`${name}.js`, code);
  });
  afterAll(async () => {
    await project?.remove();
    await server?.stop();
    await sfu?.stop();
  });

  /** Runs a server; `enter` connects to it, joins and gives the result, or how the connection was closed. */
  async function withServer(
    name: string,
    env: NodeJS.ProcessEnv,
    use: (enter: (protocols: string[], headers?: Record<string, string>) => Promise<object>) => Promise<void>,
  ): Promise<void> {
    const port = await freePort();
    const child = new Child(process.execPath, [`${name}.js`], {
      cwd: project.folder,
      env: { ...process.env, SFU_URL: sfu.address, PORT: String(port), ...env },
    });
    const connect = overWebSocket(`ws://127.0.0.1:${port}/rtc`);
    try {
      await use(async (protocols, headers = {}) => {
        const client = await until('the server listens', () =>
          WireClient.open(connect(protocols, headers, '')),
        );
        // As the browser library offers it: who may not send data may have no channel.
        const offer = { type: 'offer', sdp: fakeOffer([], { dataChannel: false }) };
        const joined = client
          .request('join', { sid: 'lobby', offer })
          .then(({ result }): object | Promise<object> => result ?? client.closed);
        const outcome = await joined.catch(() => client.closed);
        client.vanish();
        return outcome;
      });
    } finally {
      await child.stop();
    }
  }

  const bearer = (token: string) => ['sfu-relay.v1', `bearer.${token}`];

  async function issued(user: object): Promise<string> {
    await project.write(
      'use-issue.js',
      `import { issueToken } from './issue.js';
       process.stdout.write(await issueToken(${JSON.stringify(user)}, 'lobby'));`,
    );
    return project.run('use-issue.js', { LIVE_SECRET });
  }

  test('each marked example has a test here', () => {
    expect([...examples.keys()].sort()).toEqual(['cookie', 'introspection', 'issue', 'jwt']);
  });

  test('JSON Web Tokens', async () => {
    server.publish(key);
    await withServer('jwt', { JWKS_URI: server.url }, async (enter) => {
      const streamer = await sign(key, { realm_access: { roles: ['streamer'] } });
      expect(await enter(bearer(streamer))).toMatchObject({ userId: 'alice', role: 'publisher' });
      expect(await enter(bearer(await sign(key)))).toMatchObject({ role: 'subscriber' });
      expect(await enter(bearer(await sign(key, { aud: 'shop' })))).toMatchObject({ code: 4401 });
    });
  });

  test('introspection', async () => {
    server.answer = (response, body, request) => {
      const active = new URLSearchParams(body).get('token') === 'opaque';
      json({ active, sub: 'bob', aud: 'live', scope: 'live:publish', exp: inSeconds(60) })(
        response,
        body,
        request,
      );
    };
    const env = { INTROSPECTION_URL: server.url, CLIENT_SECRET: 'secret' };
    await withServer('introspection', env, async (enter) => {
      expect(await enter(bearer('opaque'))).toMatchObject({ userId: 'bob', role: 'publisher' });
      expect(await enter(bearer('unknown'))).toMatchObject({ code: 4401 });
    });
  });

  test('a token of your own, in a cookie', async () => {
    const token = await issued({ id: '7', isStreamer: false, isModerator: false });
    await withServer('cookie', { LIVE_SECRET }, async (enter) => {
      const page = { cookie: `live_token=${token}`, origin: 'https://live.example.org' };
      expect(await enter([], page)).toMatchObject({ userId: '7', roomId: 'lobby', role: 'subscriber' });
      expect(await enter([], { ...page, origin: 'https://evil.example.org' })).toMatchObject({ code: 4403 });
      expect(await enter([], { ...page, cookie: '' })).toMatchObject({ code: 4401 });
    });
  });
});
