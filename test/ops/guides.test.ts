import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { type ScriptedSfu, startScriptedSfu } from '../../src/testing/index.js';
import { Child } from '../support/child.js';
import { installed, type Step, stepsOf } from '../support/guide.js';
import { freeUdpPort } from '../support/ion.js';
import { freePort } from '../support/listen.js';
import { readDocument } from '../support/readme.js';
import { describeReal, goPath } from '../support/real.js';
import { RedisServer } from '../support/redis.js';
import { Application, terminate } from './application.js';
import { makeCertificate } from './certificate.js';
import { PROXIES } from './proxies.js';
import { readShipped } from './shipped.js';
import { startTurn, TURN_SECRET } from './turn.js';
import { visit } from './visitor.js';

const run = promisify(execFile);
const ops = fileURLToPath(new URL('../../ops/', import.meta.url));
const PATH = `${process.env.PATH}${delimiter}/usr/sbin`;

/** The commands of each block of a section, with what is different on the machine of the test. */
function blocksOf(steps: Map<string, Step[]>, title: string, changes: Record<string, string> = {}): string[] {
  const [, found = []] = [...steps].find(([each]) => each.endsWith(title)) ?? [];
  return found.flatMap((step) => {
    if (step.does !== 'run') return [];
    let text = step.commands.join('\n');
    for (const [from, to] of Object.entries(changes)) text = text.replaceAll(from, to);
    return [text];
  });
}

const shell = (commands: string, cwd: string, env: Record<string, string> = {}) =>
  run('sh', ['-ec', commands], { cwd, env: { ...process.env, PATH, ...env } });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sfu-relay-ops-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('docs/PRODUCTION.md', () => {
  test('has the application of ops/app, with its dependencies', async () => {
    const steps = (await stepsOf('docs/PRODUCTION.md')).get('1. The application') ?? [];
    const { dependencies } = JSON.parse(await readShipped('app/package.json'));
    expect(installed(steps).sort()).toEqual(Object.keys(dependencies).sort());
    const files = steps.flatMap((step) => (step.does === 'save' ? [step] : []));
    expect(files.map(({ file }) => file)).toEqual(['server.js', 'token.js', 'public/index.html']);
    for (const { file, code } of files) expect(code).toBe(await readShipped(`app/${file}`));
  });

  describeReal(['redis', 'curl', 'openssl'], 'and its commands', () => {
    let sfu: ScriptedSfu;
    let redis: RedisServer;
    let application: Application;
    beforeAll(async () => {
      sfu = await startScriptedSfu();
      redis = await RedisServer.start();
      application = await Application.install();
    });
    afterAll(async () => {
      await application?.remove();
      await redis?.stop();
      await sfu?.stop();
    });

    test('start it, ask how it is, and print a token that lets a user in', async () => {
      const port = await freePort();
      const metricsPort = await freePort();
      const steps = await stepsOf('docs/PRODUCTION.md');
      const [start = '', ask = ''] = blocksOf(steps, 'Start it', {
        '127.0.0.1:5551': sfu.address,
        'redis://127.0.0.1:6379': redis.url,
        '127.0.0.1:8080': `127.0.0.1:${port}`,
        '127.0.0.1:9464': `127.0.0.1:${metricsPort}`,
        'node --env-file=live.env server.js': 'exec node --env-file=live.env server.js',
      });
      const env = { ...process.env, PORT: String(port), METRICS_PORT: String(metricsPort) };
      const child = new Child('sh', ['-ec', start], {
        cwd: application.folder,
        env: { ...env, READINESS_DELAY_SECONDS: '0', DRAIN_SECONDS: '0' },
      });
      onTestFinished(() => child.stop('SIGKILL'));
      await child.output(/The relay listens/);
      const { stdout } = await shell(ask, application.folder);
      expect(stdout).toContain('{"status":"ok"}');
      expect(stdout).toContain('sfu_relay_backplane_up 1');
      await visit(`http://127.0.0.1:${port}`, stdout.trim().split('\n').at(-1) ?? '');
      expect(await terminate({ port, metricsPort, child })).toBe(0);
    });
  });

  describeReal(['nginx', 'haproxy', 'caddy', 'openssl'], 'and its checks of the proxies', () => {
    test('accept the files', async () => {
      const certificate = await makeCertificate(folder);
      const files = { nginx: 'nginx/nginx.conf', haproxy: 'haproxy/haproxy.cfg', caddy: 'caddy/Caddyfile' };
      const changes: Record<string, string> = {};
      for (const name of Object.keys(PROXIES) as (keyof typeof PROXIES)[]) {
        await mkdir(join(folder, name));
        const relays = ['127.0.0.1:8080', '127.0.0.1:8081'] as const;
        await PROXIES[name](
          { folder: join(folder, name), certificate, relays },
          await freePort(),
          await freePort(),
        );
        changes[`/etc/${files[name]}`] = join(folder, files[name]);
      }
      const [check = ''] = blocksOf(await stepsOf('docs/PRODUCTION.md'), 'HTTPS and the balancer', changes);
      expect(check.match(new RegExp(folder, 'g'))).toHaveLength(3);
      await shell(check, folder, { HOME: folder });
    });
  });

  describeReal(['prometheus'], 'and its checks of Prometheus', () => {
    test('accept the files', async () => {
      const [check = ''] = blocksOf(await stepsOf('docs/PRODUCTION.md'), 'Metrics and alerts');
      const { stdout } = await shell(check, join(ops, 'prometheus'));
      expect(stdout.match(/SUCCESS/g)?.length).toBeGreaterThan(1);
    });
  });

  test('names alerts that exist', async () => {
    const { groups } = parse(await readShipped('prometheus/rules.yml'));
    const alerts = groups.flatMap(({ rules }: { rules: { alert: string }[] }) =>
      rules.map(({ alert }) => alert),
    );
    const [, page = ''] = /Page somebody for ([^;]*);/.exec(await readDocument('docs/PRODUCTION.md')) ?? [];
    const named = [...page.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(3);
    expect(alerts).toEqual(expect.arrayContaining(named));
  });
});

describe('docs/RUNNING-ION.md', () => {
  test('explains every key of sfu.toml, with its value', async () => {
    let section = '';
    const shipped = (await readShipped('ion/sfu.toml')).split('\n').flatMap((line): [string, string][] => {
      [, section = section] = /^\[([\w.]+)\]$/.exec(line) ?? [];
      const [, key, value = ''] = /^(\w+) = (.*)$/.exec(line) ?? [];
      return key ? [[`${section}.${key}`, value]] : [];
    });
    const rows = (await readDocument('docs/RUNNING-ION.md')).matchAll(
      /^\| `([a-z]+\.[\w.]+)` \| `(.*?)` \|/gm,
    );
    expect([...rows].map(([, key, value]) => [key, value])).toEqual(shipped);
  });

  describeReal(['ion', 'curl'], 'and its commands', () => {
    test('build it, start it, and ask how it is', async () => {
      const source = join(folder, 'ops/ion');
      await cp(join(ops, 'ion'), source, { recursive: true });
      const metricsPort = await freePort();
      const [start = '', ask = ''] = blocksOf(await stepsOf('docs/RUNNING-ION.md'), 'Build and start', {
        './ion -config': 'exec ./ion -config',
        '127.0.0.1:5552': `127.0.0.1:${metricsPort}`,
      });
      const child = new Child(
        'sh',
        ['-ec', start.replaceAll('go build', `${goPath()} build -buildvcs=false`)],
        {
          cwd: folder,
          env: {
            ...process.env,
            ION_ADDR: '127.0.0.1:0',
            ION_METRICS_ADDR: `127.0.0.1:${metricsPort}`,
            ION_MEDIA_PORT: String(await freeUdpPort()),
          },
        },
      );
      onTestFinished(() => child.stop('SIGKILL'));
      await child.output(/listening on 127\.0\.0\.1:\d+/);
      const { stdout } = await shell(ask, folder);
      expect(stdout).toMatch(/^ok$/m);
      expect(stdout).toMatch(/^ion_streams 0$/m);
    });
  });
});

describeReal(['coturn', 'openssl'], 'docs/TURN.md', () => {
  test('its checks see what is denied and what is allowed', async () => {
    const turnFolder = join(folder, 'turn');
    await mkdir(turnFolder);
    const turn = await startTurn(turnFolder, await makeCertificate(turnFolder));
    onTestFinished(() => turn.child.stop());
    const [denied = '', allowed = ''] = blocksOf(await stepsOf('docs/TURN.md'), 'Verify', {
      'turn.example.org': `-p ${turn.port} 127.0.0.1`,
      '203.0.113.21': '127.0.0.1',
    });
    const outputOf = (commands: string) =>
      shell(`${commands} 2>&1 || true`, turnFolder, { TURN_SECRET }).then(({ stdout }) => stdout);
    expect(await outputOf(denied)).toContain('403 (Forbidden IP)');
    expect(await outputOf(allowed)).not.toMatch(/403|Cannot complete/);
    expect(await outputOf(denied.replace('"$TURN_SECRET"', 'wrong'))).toContain('Cannot complete Allocation');
  });
});
