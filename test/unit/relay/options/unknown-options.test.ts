import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { RelayError } from '../../../../src/index.js';
import { rateLimits } from '../../../../src/plugins/rate-limits/index.js';
import { fakeOffer } from '../../../../src/testing/index.js';
import { didYouMean } from '../../../../src/util/check-options.js';
import { EXEMPT, PLAIN_OPTIONS } from './plain-options.js';

const run = async (act: () => unknown): Promise<unknown> => act();

async function refusalOf(act: () => unknown): Promise<unknown> {
  return run(act).then(
    () => undefined,
    (error) => error,
  );
}

describe.each(Object.entries(PLAIN_OPTIONS))('%s', (_, { key, pass }) => {
  test('takes its options', async () => {
    expect(await refusalOf(() => pass({}))).toBeUndefined();
  });

  test('takes a key that is undefined as one that is left out', async () => {
    expect(await refusalOf(() => pass({ [`${key}X`]: undefined }))).toBeUndefined();
  });

  test('refuses an unknown key', async () => {
    const error = await refusalOf(() => pass({ onNoSuchThing: 1 }));
    expect(error).toBeInstanceOf(RelayError);
    expect((error as RelayError).message).toMatch(
      /"onNoSuchThing"\. Write one of |"onNoSuchThing"\. Did you mean /,
    );
  });

  test('says which option a misspelled one was meant to be', async () => {
    const error = await refusalOf(() => pass({ [key.slice(0, -1)]: 1 }));
    expect(error).toBeInstanceOf(RelayError);
    expect((error as RelayError).message).toContain(`"${key.slice(0, -1)}". Did you mean "${key}"?`);
  });
});

test.each<[string, object]>([
  ['a Map', new Map([['user', false]])],
  ['a Set', new Set(['user'])],
  ['a promise', Promise.resolve({ user: false })],
  ['a Date', new Date()],
])('options in %s are refused, as none of them would hold', (_, options) => {
  expect(() => rateLimits(options)).toThrow(/needs an object: write rateLimits\(/);
  expect(() => fakeOffer([], options)).toThrow(/needs an object: write fakeOffer\(/);
});

test('options may be an object of a class, or one without a prototype', () => {
  class Options {
    dataChannel = false;
  }
  expect(fakeOffer([], new Options())).not.toContain('m=application');
  expect(fakeOffer([], Object.assign(Object.create(null), new Options()))).not.toContain('m=application');
});

describe('the closest name', () => {
  test.each([
    ['allowedOrigin', ['allowedOrigins', 'trustProxy'], 'allowedOrigins'],
    ['audiance', ['issuer', 'audience'], 'audience'],
    ['joinTimeout', ['joinTimeoutMs', 'hookTimeoutMs'], 'joinTimeoutMs'],
    ['server_url', ['serverUrl', 'tls'], 'serverUrl'],
    ['iceservers', ['iceServers', 'sfu'], 'iceServers'],
    ['tsl', ['sfu', 'tls'], 'tls'],
  ])('of %s', (word, names, closest) => {
    expect(didYouMean(word, names)).toBe(`Did you mean "${closest}"?`);
  });

  test('is none where all are far', () => {
    expect(didYouMean('codec', ['issuer', 'audience'])).toBe('Write one of issuer, audience.');
    expect(didYouMean('x'.repeat(100_000), ['issuer'])).toBe('Write one of issuer.');
  });
});

/** The names that a module exports, and those of all that it exports from elsewhere. */
function exportedNames(path: string): string[] {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const names: string[] = [];
  for (const statement of source.statements) {
    if (ts.isExportDeclaration(statement)) {
      if (!statement.exportClause || !ts.isNamedExports(statement.exportClause))
        throw new Error(`${path} exports by *: name what it exports`);
      names.push(...statement.exportClause.elements.map(({ name }) => name.text));
    } else if (ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some(isExport)) {
      const { name } = statement as unknown as { name?: ts.Identifier };
      if (name) names.push(name.text);
    }
  }
  return names;
}

const isExport = ({ kind }: ts.Modifier) => kind === ts.SyntaxKind.ExportKeyword;

const root = fileURLToPath(new URL('../../../../', import.meta.url));

/** Without the browser's client, which has a table of its own. */
function entryPoints(): string[] {
  const text = readFileSync(`${root}tsup.config.ts`, 'utf8');
  return [...text.matchAll(/'(src\/[\w/-]+\.ts)'/g)].map(([, path = '']) => path);
}

describe('the table', () => {
  test('has every public entry point', () => {
    expect(entryPoints()).toContain('src/index.ts');
    const folders = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' });
    expect(entryPoints().every((path) => folders.includes(path.slice('src/'.length)))).toBe(true);
  });

  test('has every options interface that a public entry point exports', () => {
    const known = new Set([
      ...Object.values(PLAIN_OPTIONS).flatMap(({ interfaces }) => interfaces),
      ...Object.keys(EXEMPT),
    ]);
    const missing = entryPoints()
      .filter((path) => !path.startsWith('src/client/'))
      .flatMap((path) => exportedNames(`${root}${path}`))
      .filter((name) => /^[A-Z]\w*(Options|Limits|Budget|Policy)$/.test(name) && !known.has(name));
    expect(missing).toEqual([]);
  });
});
