import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { Child } from '../support/child.js';
import { freePort } from '../support/listen.js';
import { until } from '../support/poll.js';
import { ProductionIon } from '../support/production-ion.js';
import { readDocument } from '../support/readme.js';
import { describeReal, serverPath } from '../support/real.js';
import { RedisServer } from '../support/redis.js';
import { Application, type RelayProcess } from './application.js';
import { adapt, readShipped } from './shipped.js';
import { visit } from './visitor.js';

const run = promisify(execFile);
const promtool = (...args: string[]) => run(serverPath('promtool') ?? 'promtool', args);
const shippedPath = (file: string) => fileURLToPath(new URL(`../../ops/${file}`, import.meta.url));

interface Rules {
  groups: { name: string; rules: { alert: string; expr: string }[] }[];
}

interface Dashboard {
  panels: { title: string; type: string; targets?: { expr: string }[] }[];
}

const readRules = async (): Promise<Rules> => parse(await readShipped('prometheus/rules.yml'));
const readDashboard = async (): Promise<Dashboard> =>
  JSON.parse(await readShipped('grafana/dashboards/sfu-relay.json'));

describe('the alerts of ops/prometheus', () => {
  test('have those of docs/METRICS.md, word by word', async () => {
    const [, documented = ''] =
      /```yaml\n(groups:[\s\S]*?)```/.exec(await readDocument('docs/METRICS.md')) ?? [];
    expect((await readRules()).groups[0]).toEqual((parse(documented) as Rules).groups[0]);
  });
});

describeReal(['prometheus'], 'promtool', () => {
  test('accepts the configuration and its rules', async () => {
    const { stdout } = await promtool('check', 'config', shippedPath('prometheus/prometheus.yml'));
    expect(stdout).toMatch(/SUCCESS: \d+ rules found/);
  });

  test('sees each alert fire when it should, and none when all is well', async () => {
    const tests = fileURLToPath(new URL('alerts.yml', import.meta.url));
    const { tests: cases } = parse(await readFile(tests, 'utf8')) as {
      tests: { alert_rule_test?: { alertname: string }[] }[];
    };
    const fired = new Set(
      cases.flatMap(({ alert_rule_test = [] }) => alert_rule_test.map(({ alertname }) => alertname)),
    );
    const all = (await readRules()).groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
    expect([...fired].sort()).toEqual(all.sort());
    await promtool('test', 'rules', tests);
  });
});

describeReal(['ion', 'redis', 'prometheus'], 'Prometheus with the files of ops/', () => {
  let folder: string;
  let application: Application;
  let redis: RedisServer;
  let ion: ProductionIon;
  let relay: RelayProcess;
  let prometheus: Child;
  let url: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sfu-relay-ops-'));
    application = await Application.install();
    redis = await RedisServer.start();
    ion = await ProductionIon.start();
    relay = await application.start({ SFU_NODES: ion.address, REDIS_URL: redis.url });
    const address = `127.0.0.1:${await freePort()}`;
    url = `http://${address}`;
    const conf = await adapt('prometheus/prometheus.yml', {
      'scrape_interval: 15s': 'scrape_interval: 1s',
      'scrape_timeout: 10s': 'scrape_timeout: 1s',
      'global:': 'global:\n  evaluation_interval: 1s',
      'relay-1:9464': `127.0.0.1:${relay.metricsPort}`,
      'relay-2:9464': `127.0.0.1:${await freePort()}`,
      "'ion-1:5552', 'ion-2:5552'": `'${new URL(ion.metricsUrl).host}'`,
    });
    await writeFile(join(folder, 'prometheus.yml'), conf);
    await writeFile(join(folder, 'rules.yml'), await readShipped('prometheus/rules.yml'));
    const args = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`];
    prometheus = new Child(serverPath('prometheus') ?? 'prometheus', [
      ...args,
      `--web.listen-address=${address}`,
    ]);
    await until('Prometheus is ready', async () => (await fetch(`${url}/-/ready`)).ok);
  });
  afterAll(async () => {
    await prometheus?.stop();
    await relay?.child.stop('SIGKILL');
    await ion?.stop();
    await redis?.stop();
    await application?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  async function ask<Data>(path: string): Promise<Data> {
    const response = await fetch(`${url}/api/v1/${path}`);
    const { status, data, error } = (await response.json()) as { status: string; data: Data; error?: string };
    if (status !== 'success') throw new Error(`${path}: ${error}`);
    return data;
  }

  const query = async (expr: string) =>
    (
      await ask<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(
        `query?query=${encodeURIComponent(expr)}`,
      )
    ).result;

  test('scrapes relays and Ions, and tells which is down', async () => {
    await until('three targets are judged', async () => (await query('up')).length === 3);
    const up = await until(
      'the relay is scraped',
      async () => (await query('up{job="relay"} == 1')).length === 1,
    );
    expect(up).toBe(true);
    expect(await query('up{job="ion"} == 1')).toHaveLength(1);
    expect(await query('up{job="relay"} == 0')).toHaveLength(1);
  });

  test('has every metric of the alerts and the dashboard', async () => {
    await visit(`http://127.0.0.1:${relay.port}`, await application.token('alice', 'lobby'));
    const exprs = [
      ...(await readRules()).groups.flatMap(({ rules }) => rules.map(({ expr }) => expr)),
      ...(await readDashboard()).panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ];
    for (const expr of exprs) await query(expr);
    const named = new Set(
      exprs.flatMap((expr) => expr.match(/\b(?:sfu_relay|ion|nodejs|process)_[a-z0-9_]+/g) ?? []),
    );
    expect(named.size).toBeGreaterThan(30);
    await until('all are there', async () => {
      const known = new Set(await ask<string[]>('label/__name__/values'));
      const missing = [...named].filter((name) => !known.has(name));
      if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}`);
      return true;
    });
  });

  test('evaluates every alert', async () => {
    const all = (await readRules()).groups.flatMap(({ rules }) => rules);
    const rules = await until(
      'all are evaluated',
      async () => {
        const { groups } = await ask<{ groups: { rules: { name: string; health: string }[] }[] }>('rules');
        const found = groups.flatMap((group) => group.rules);
        return found.every(({ health }) => health === 'ok') && found;
      },
      { timeoutMs: 40_000 },
    );
    expect(rules.map(({ name }) => name).sort()).toEqual(all.map(({ alert }) => alert).sort());
  });
});
