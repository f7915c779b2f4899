import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScriptedSfu, startScriptedSfu } from '../../src/testing/index.js';
import { closeServer, listen } from '../support/listen.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { Application, connectionsOf, type RelayProcess, terminate } from './application.js';
import { browse, open } from './browse.js';
import { type Certificate, makeCertificate } from './certificate.js';
import { PROXIES, type RunningProxy, startProxy } from './proxies.js';
import { type Visitor, visit } from './visitor.js';

const names = Object.keys(PROXIES) as (keyof typeof PROXIES)[];
const real = ['nginx', 'haproxy', 'caddy', 'openssl'] as const;

describeReal(real, 'what each proxy of ops/ does with a request', () => {
  let folder: string;
  let upstream: Server;
  const proxies = new Map<string, RunningProxy>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sfu-relay-ops-'));
    const certificate = await makeCertificate(folder);
    upstream = createServer((request, response) => {
      if (request.url !== '/events') return response.end(JSON.stringify(request.headers));
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      return response.write('id: 1\n\n');
    });
    const relay = `127.0.0.1:${await listen(upstream)}`;
    for (const name of names)
      proxies.set(name, await startProxy(name, { folder, certificate, relays: [relay, relay] }));
  });
  afterAll(async () => {
    for (const { child } of proxies.values()) await child.stop();
    await closeServer(upstream);
    await rm(folder, { recursive: true, force: true });
  });

  const urlOf = (name: string) => proxies.get(name)?.url ?? '';

  test.each(names)('%s: tells the client address, and not what the client says it is', async (name) => {
    const lies = {
      'X-Forwarded-For': '203.0.113.66',
      'X-Forwarded-Proto': 'http',
      'X-Forwarded-Host': 'evil.test',
    };
    const { status, body } = await browse(`${urlOf(name)}/rtc`, lies);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      host: new URL(urlOf(name)).host,
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': new URL(urlOf(name)).host,
      'x-forwarded-proto': 'https',
    });
  });

  test.each(names)('%s: sends plain HTTP to HTTPS', async (name) => {
    const { status, headers } = await browse(`${proxies.get(name)?.plainUrl}/page`);
    expect(status).toBeOneOf([301, 308]);
    expect(headers.location).toMatch(/^https:\/\/127\.0\.0\.1.*\/page$/);
  });

  test.each(names)('%s: passes an event on while the stream is open', async (name) => {
    const response = await open(`${urlOf(name)}/events`);
    const [chunk] = await once(response, 'data');
    expect(String(chunk)).toBe('id: 1\n\n');
    response.destroy();
  });

  test.each(names)('%s: logs no token of a query', async (name) => {
    await browse(`${urlOf(name)}/rtc?token=top-secret`);
    const log = name === 'nginx' ? () => readFile(join(folder, 'nginx/access.log'), 'utf8') : () => '';
    if (name !== 'caddy')
      await until('the request is logged', async () =>
        ((await log()) + proxies.get(name)?.child.log).includes('/rtc'),
      );
    expect((await log()) + proxies.get(name)?.child.log).not.toContain('top-secret');
  });
});

describeReal(real, 'two relays behind each proxy of ops/', () => {
  let folder: string;
  let certificate: Certificate;
  let application: Application;
  let sfu: ScriptedSfu;
  let relays: [RelayProcess, RelayProcess];
  const proxies = new Map<string, RunningProxy>();
  let token: string;
  let addresses = 1;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sfu-relay-ops-'));
    certificate = await makeCertificate(folder);
    application = await Application.install();
    token = await application.token('alice', 'lobby');
    sfu = await startScriptedSfu();
    relays = [await start(), await start()];
    const [one, other] = relays;
    const setting = { folder, certificate, relays: [at(one), at(other)] as const };
    for (const name of names) proxies.set(name, await startProxy(name, setting));
  });
  afterAll(async () => {
    for (const { child } of proxies.values()) await child.stop();
    for (const { child } of relays ?? []) await child.stop('SIGKILL');
    await sfu?.stop();
    await application?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const at = ({ port }: RelayProcess) => `127.0.0.1:${port}`;
  const start = (env: Record<string, string> = {}) =>
    application.start({
      SFU_NODES: sfu.address,
      READINESS_DELAY_SECONDS: '6',
      DRAIN_SECONDS: '2',
      ...env,
    });

  /** Joins through a proxy, from another address of the loopback network than all before. */
  async function enter(name: string): Promise<Visitor> {
    addresses += 1;
    const localAddress = `127.0.${Math.floor(addresses / 250)}.${2 + (addresses % 250)}`;
    return visit(proxies.get(name)?.url ?? '', token, { localAddress });
  }

  /** Joins until the relay serves one of the clients, which is the last. */
  async function enterAt(name: string, relay: RelayProcess): Promise<Visitor> {
    const before = await connectionsOf(relay);
    const client = await enter(name);
    return (await connectionsOf(relay)) > before ? client : enterAt(name, relay);
  }

  test('one that stops is left by new clients first, and sends its own to the other one', async () => {
    const [stopping, staying] = relays;
    const served: Visitor[] = [];
    for (const name of names) served.push(await enterAt(name, stopping));
    const ending = terminate(stopping);
    await until('no proxy has the relay any more', async () => {
      const before = await connectionsOf(stopping);
      for (let n = 0; n < 8; n += 1) for (const name of ['haproxy', 'caddy'] as const) await enter(name);
      return (await connectionsOf(stopping)) === before;
    });
    for (const { heard } of served) expect(heard).not.toContain('goaway');

    for (const { heard } of served)
      await until('it is sent away', () => heard.includes('goaway') && heard.at(-1) === 1001);
    expect(await ending).toBe(0);
    for (const name of names) await enterAt(name, staying);
  });

  test('one that starts again gets clients, and one that is killed loses them to the other one', async () => {
    const [stopped, killed] = relays;
    // It runs already if the test is tried again.
    if (stopped.child.exitCode !== null) relays = [await start({ PORT: String(stopped.port) }), killed];
    for (const name of names) await until(`${name} has it again`, () => enterAt(name, relays[0]));
    await killed.child.stop('SIGKILL');
    // A worker of nginx may still leave the other one out, and answers 502 once: clients connect again.
    for (const name of names)
      for (let n = 0; n < 4; n += 1) await until(`${name} has the other one`, () => enter(name));
  });
});
