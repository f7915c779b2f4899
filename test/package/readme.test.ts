import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../src/testing/index.js';
import { WireClient } from '../contract/wire-client.js';
import { Child } from '../support/child.js';
import { ConsumerProject } from '../support/consumer.js';
import { parseExposition } from '../support/exposition.js';
import { closeServer, freePort, listen } from '../support/listen.js';
import { until } from '../support/poll.js';
import { examplesOf, readmeExamples } from '../support/readme.js';

const LIVE_SECRET = 'a secret of thirty-two bytes, or more';

describe("the README's examples, run where the package is installed", () => {
  let sfu: ScriptedSfu;
  let project: ConsumerProject;
  let examples: Map<string, string>;

  beforeAll(async () => {
    sfu = await startScriptedSfu();
    project = await ConsumerProject.create('module');
    const guides = await Promise.all(['docs/HOOKS.md', 'docs/LIMITS.md', 'docs/METRICS.md'].map(examplesOf));
    examples = new Map([await readmeExamples(), ...guides].flatMap((each) => [...each]));
    for (const [name, code] of examples) await project.write(`${name}.js`, code);
  });
  afterAll(async () => {
    await project?.remove();
    await sfu?.stop();
  });

  test('each marked example has a test here', () => {
    expect([...examples.keys()].sort()).toEqual([
      'config',
      'express',
      'hooks',
      'limits',
      'metrics',
      'server',
      'session',
      'testing',
    ]);
  });

  test('a server: lets in who has the token, and nobody else', async () => {
    const port = await freePort();
    const env = { ...process.env, SFU_URL: sfu.address, TOKEN: 'secret', PORT: String(port) };
    const server = new Child(process.execPath, ['server.js'], { cwd: project.folder, env });
    try {
      const url = `ws://127.0.0.1:${port}/rtc`;
      const client = await until('the server listens', () =>
        WireClient.dial(url, ['sfu-relay.v1', 'bearer.secret']),
      );
      const offer = { type: 'offer', sdp: fakeOffer([{ kind: 'video', streamId: 's', trackId: 't' }]) };
      const { result } = await client.request('join', { sid: 'lobby', offer });
      expect(result).toMatchObject({ type: 'answer', userId: '789', role: 'publisher' });
      await client.close();

      const stranger = await WireClient.dial(url, ['sfu-relay.v1', 'bearer.wrong']);
      expect((await stranger.closed).code).toBe(4401);
    } finally {
      await server.stop();
    }
  });

  test('the REST API in Express', async () => {
    const port = await freePort();
    const env = { ...process.env, SFU_URL: sfu.address, LIVE_SECRET, PORT: String(port) };
    const server = new Child(process.execPath, ['express.js'], { cwd: project.folder, env });
    try {
      const health = await until('the server answers', () =>
        fetch(`http://127.0.0.1:${port}/api/v1/sfu/health`),
      );
      expect(await health.json()).toEqual({ status: 'ok' });
    } finally {
      await server.stop();
    }
  });

  test('a session without a WebSocket', async () => {
    await project.write(
      'use-session.js',
      `import { join } from './session.js';
       const sent = [];
       const { session, answer } = await join({ sdp: process.env.OFFER }, (message) => sent.push(message));
       await session.close();
       process.stdout.write(JSON.stringify({ answer: answer.type, last: sent.at(-1) }));
       process.exit();`,
    );
    const output = await project.run('use-session.js', {
      SFU_URL: sfu.address,
      LIVE_SECRET,
      OFFER: fakeOffer(),
    });
    expect(JSON.parse(output)).toMatchObject({ answer: 'answer', last: { closed: expect.any(String) } });
  });

  test('the configuration from a YAML file', async () => {
    await project.write('config.yaml', `sfu:\n  enabled: true\n  server_url: ${sfu.address}\n`);
    await project.write(
      'use-config.js',
      `import { relay } from './config.js';
       const { ok } = await relay.healthCheck();
       await relay.close();
       process.stdout.write(String(ok));`,
    );
    const output = await project.run('use-config.js', {
      LIVE_SECRET,
      CONFIG: join(project.folder, 'config.yaml'),
    });
    expect(output).toBe('true');
  });

  test('hooks: a token from a cookie, a word with another service, a word filter', async () => {
    const rooms = createServer((request, response) => {
      response.statusCode = request.url === '/lobby/members/alice' ? 200 : 404;
      response.end('{"badge":"founder"}');
    });
    const env = {
      SFU_URL: sfu.address,
      LIVE_SECRET,
      ROOMS_URL: `http://127.0.0.1:${await listen(rooms)}`,
    };
    await project.write(
      'use-hooks.js',
      `import { relay } from './hooks.js';
       const join = (userId) => relay.createSession({ roomId: 'lobby', userId, sdp: process.env.OFFER });
       await join('alice');
       const refusal = await join('mallory').catch((error) => error.message);
       const [{ metadata }] = relay.rooms.get('lobby').participants;
       process.stdout.write(JSON.stringify({ refusal, metadata }));
       await relay.close();`,
    );
    try {
      const output = await project.run('use-hooks.js', { ...env, OFFER: fakeOffer() });
      expect(JSON.parse(output)).toEqual({
        refusal: 'This room is for members.',
        metadata: { badge: 'founder' },
      });
    } finally {
      await closeServer(rooms);
    }
  });

  test('limits', async () => {
    await project.write(
      'use-limits.js',
      `import { relay } from './limits.js';
       for (let n = 0; n < 10; n += 1)
         await relay.createSession({ roomId: 'lobby', userId: '789', sdp: process.env.OFFER });
       const join = relay.createSession({ roomId: 'attic', userId: '789', sdp: process.env.OFFER });
       process.stdout.write(await join.catch((error) => error.message));
       await relay.close();`,
    );
    const output = await project.run('use-limits.js', {
      SFU_URL: sfu.address,
      LIVE_SECRET,
      OFFER: fakeOffer(),
    });
    expect(output).toBe('Too many sessions: you have 10 already, leave one first.');
  });

  test('metrics', async () => {
    const port = await freePort();
    const env = { ...process.env, SFU_URL: sfu.address, LIVE_SECRET, METRICS_PORT: String(port) };
    const server = new Child(process.execPath, ['metrics.js'], { cwd: project.folder, env });
    try {
      const response = await until('the server answers', () => fetch(`http://127.0.0.1:${port}/metrics`));
      const families = parseExposition(await response.text());
      expect(families.get('sfu_relay_sfu_up')?.samples.get('sfu_relay_sfu_up')).toBe(1);
      expect([...families.keys()]).toContain('nodejs_eventloop_lag_p99_seconds');
    } finally {
      await server.stop();
    }
  });

  test('tests without an SFU', async () => {
    expect((await project.run('testing.js')).trim()).toBe('ERR_RELAY_SFU_STREAM_ENDED');
  });
});
