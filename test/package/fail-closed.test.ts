import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../src/testing/index.js';
import { overWebSocket } from '../contract/client-socket.js';
import { WireClient } from '../contract/wire-client.js';
import { Child } from '../support/child.js';
import { ConsumerProject } from '../support/consumer.js';
import { freePort } from '../support/listen.js';
import { until } from '../support/poll.js';
import { examplesOf } from '../support/readme.js';

const DOCUMENTS = [
  'README.md',
  ...['HOOKS', 'LIMITS', 'MESSAGES', 'METRICS', 'MODERATION', 'OAUTH2'].map((name) => `docs/${name}.md`),
];

/** What the environment of a shell has, and nothing of what an example reads. */
const { PATH, HOME } = process.env;

const children: Child[] = [];
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.stop()));
});

function start(script: string, env: NodeJS.ProcessEnv, cwd?: string): Child {
  const child = new Child(process.execPath, [script], { env: { PATH, HOME, ...env }, ...(cwd && { cwd }) });
  children.push(child);
  return child;
}

describe('the examples of the documents, without the secrets of their environment', () => {
  let sfu: ScriptedSfu;
  let project: ConsumerProject;
  let examples: Map<string, string>;

  beforeAll(async () => {
    sfu = await startScriptedSfu();
    project = await ConsumerProject.create('module', ['zod']);
    examples = new Map((await Promise.all(DOCUMENTS.map(examplesOf))).flatMap((each) => [...each]));
    for (const [name, code] of examples) await project.write(`${name}.js`, code);
    await project.write('config.yaml', `sfu:\n  enabled: true\n  server_url: ${sfu.address}\n`);
    await project.write('call-gifts.js', `import { relayWith } from './gifts.js';\nrelayWith({});`);
    await project.write(
      'call-issue.js',
      `import { issueToken } from './issue.js';\nawait issueToken({ id: '7' }, 'lobby');`,
    );
  });
  afterAll(async () => {
    await project?.remove();
    await sfu?.stop();
  });

  const run = (script: string, port = 0) =>
    start(script, { SFU_URL: sfu.address, PORT: String(port), METRICS_PORT: '0' }, project.folder);

  const secret = /"secret" is undefined: set the environment variable/;
  const refusals: Record<string, RegExp> = {
    server: /Set TOKEN/,
    ...{ express: secret, session: secret, config: secret, hooks: secret, limits: secret, messages: secret },
    ...{ gifts: secret, metrics: secret, moderation: secret, cookie: secret },
    issue: /./,
    introspection: /"clientSecret"/,
  };
  /** They need no secret: `jwt` asks a server for public keys; `testing` listens to nobody. */
  const others = ['jwt', 'testing'];

  test('each of them has a test here', () => {
    expect([...examples.keys()].sort()).toEqual([...Object.keys(refusals), ...others].sort());
  });

  test.each(Object.entries(refusals))('%s does not start, and says what to set', async (name, advice) => {
    const calls = name === 'gifts' || name === 'issue';
    const child = run(calls ? `call-${name}.js` : `${name}.js`, await freePort());
    await child.ended();
    expect(child.exitCode).toBe(1);
    expect(child.log).toMatch(advice);
  });

  test('jwt lets nobody in who has no token, or one that is none', async () => {
    const port = await freePort();
    run('jwt.js', port);
    for (const protocols of [[], ['sfu-relay.v1', 'bearer.undefined'], ['sfu-relay.v1', 'bearer.null']]) {
      const client = await until('the server listens', () =>
        WireClient.open(overWebSocket(`ws://127.0.0.1:${port}/rtc`)(protocols, {}, '')),
      );
      client.send({
        id: 1,
        method: 'join',
        params: { sid: 'r', offer: { type: 'offer', sdp: fakeOffer() } },
      });
      expect((await client.closed).code).toBe(4401);
    }
  });

  test('no example but that of a test lets everybody in', () => {
    const open = [...examples].filter(([, code]) => code.includes('anonymous()')).map(([name]) => name);
    expect(open).toEqual(['testing']);
  });
});

describe.each(['express', 'hono', 'koa', 'live-room', 'moderation', 'uwebsockets'])(
  'examples/%s, a demo that lets everybody in',
  (name) => {
    const script = fileURLToPath(new URL(`../../examples/${name}/server.js`, import.meta.url));

    test('without HOST is for this machine only, and tells nobody where its SFU is', async () => {
      const port = await freePort();
      // 127.0.0.1 is one of this machine's addresses; a server that listens on all of them has 127.0.0.2, too.
      const demo = start(script, { PORT: String(port), SFU_URL: '127.0.0.1:1' });
      await demo.output(/Live room\s+http/);
      expect(await isOpen('127.0.0.1', port)).toBe(true);
      expect(await isOpen('127.0.0.2', port)).toBe(false);
      expect(demo.log).not.toContain('it admits everybody');
      for (const path of ['/healthz', '/api/v1/sfu/health']) {
        const text = await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
        expect(text).not.toContain('127.0.0.1:1');
      }
    });

    test('with HOST says that others may enter', async () => {
      const demo = start(script, {
        PORT: String(await freePort()),
        HOST: '127.0.0.2',
        SFU_URL: '127.0.0.1:1',
      });
      await demo.output(/it admits everybody who can reach these addresses/);
    });
  },
);

test('examples/moderation/service.js is for this machine only', async () => {
  const script = join('examples', 'moderation', 'service.js');
  const service = start(fileURLToPath(new URL(`../../${script}`, import.meta.url)), { PORT: '0' });
  const [, port = ''] = await service.output(/moderating on http:\/\/127\.0\.0\.1:(\d+)/);
  expect(await isOpen('127.0.0.2', Number(port))).toBe(false);
});

function isOpen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
