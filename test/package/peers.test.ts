import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConsumerProject } from '../support/consumer.js';

/** Loads every entry by import and by require; prints what each failed of, or null. */
const LOAD_ALL = `
  import { createRequire } from 'node:module';
  const require = createRequire(import.meta.url);
  const outcomes = {};
  const attempt = async (name, load) => {
    outcomes[name] = await load().then(() => null, ({ message }) => message);
  };
  for (const entry of process.argv.slice(2)) {
    await attempt('import ' + entry, () => import(entry));
    await attempt('require ' + entry, async () => require(entry));
  }
  process.stdout.write(JSON.stringify(outcomes));
`;

/** Which entry each optional peer is for. */
const NEEDED_BY: Readonly<Record<string, string>> = {
  jose: 'sfu-relay/auth',
  'prom-client': 'sfu-relay/metrics',
  'rate-limiter-flexible': 'sfu-relay/limits',
  werift: 'sfu-relay/testing',
  ws: 'sfu-relay/ws',
  express: 'sfu-relay/express',
  koa: 'sfu-relay/koa',
};

describe('loaded where an optional peer is missing', () => {
  let project: ConsumerProject;
  let entries: string[];
  let peers: string[];

  beforeAll(async () => {
    project = await ConsumerProject.create('module');
    await project.write('load.js', LOAD_ALL);
    const manifest = JSON.parse(await readFile(join(project.installed, 'package.json'), 'utf8'));
    entries = Object.keys(manifest.exports)
      .filter((path) => !path.endsWith('.json'))
      .map((path) => path.replace('.', 'sfu-relay'));
    peers = Object.keys(manifest.peerDependencies);
  });
  afterAll(() => project?.remove());

  const loadAll = async (): Promise<[string, string | null][]> =>
    Object.entries(JSON.parse(await project.run('load.js', {}, entries)));

  test('each peer has a test here', () => {
    expect(Object.keys(NEEDED_BY).sort()).toEqual([...peers].sort());
  });

  test('every entry loads where all peers are installed', async () => {
    const failed = (await loadAll()).filter(([, message]) => message !== null);
    expect(failed).toEqual([]);
  });

  test.each(Object.entries(NEEDED_BY))(
    '%s: every entry loads but %s, which may name it',
    async (peer, entry) => {
      const failed = (await project.without(peer, loadAll)).filter(([, message]) => message !== null);
      for (const [name, message] of failed) {
        expect(name.split(' ')[1]).toBe(entry);
        expect(message).toContain(peer);
      }
    },
  );
});
