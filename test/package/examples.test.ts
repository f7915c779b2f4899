import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConsumerProject } from '../support/consumer.js';
import { saveFiles, stepsOf } from '../support/guide.js';
import { blocksOf, documents, type Example } from '../support/readme.js';

/** Where the page of an application gets its relay from, in the example of a route of Next. */
const LIB = "import type { SfuRelay } from 'sfu-relay';\nexport declare const relay: SfuRelay;\n";

describe('every example of README and the guides', () => {
  let project: ConsumerProject;
  beforeAll(async () => {
    project = await ConsumerProject.create('module', [
      'zod',
      'ioredis',
      'redis',
      '@redis',
      'fastify',
      '@nestjs',
      'reflect-metadata',
      'rxjs',
      'ion-sdk-js',
    ]);
  });
  afterAll(() => project?.remove());

  test('compiles strictly where the package is installed', async () => {
    const examples = (await Promise.all((await documents()).map(withFileNames))).flat();
    expect(examples.length).toBeGreaterThan(35);
    for (const fixture of ['guides.d.ts', 'next.d.ts']) await project.addFixture(fixture);
    await project.write('relay.d.ts', LIB);
    // The page of that guide imports the client that it has as a file.
    for (const steps of (await stepsOf('docs/MIGRATION.md')).values()) await saveFiles(steps, project.folder);
    for (const { file, line, code } of examples) await project.write(file, atLine(line, code));
    const complaints = await project.compile(['guides.d.ts', ...examples.map(({ file }) => file)], {
      ...{ target: 'es2022', lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'], types: ['node'] },
      ...{ module: 'node20', moduleDetection: 'force', allowJs: true, checkJs: true, noEmit: true },
      experimentalDecorators: true, // Nest
      // The types of Koa and Express are at odds with those of their dependencies.
      skipLibCheck: true,
      paths: { '@/lib/relay': ['./relay.d.ts'], next: ['./next.d.ts'] },
    });
    expect(complaints).toBe('');
  });
});

/**
 * A name from which the compiler's complaint leads back to the document. JavaScript is checked as TypeScript, so that it can
 * be pasted into either; where JSDoc has its types, as JavaScript.
 */
async function withFileNames(document: string): Promise<(Example & { file: string })[]> {
  const name = document.replace('/', '-').replace('.md', '');
  return (await blocksOf(document)).map((example) => ({
    ...example,
    file: `${name}-line-${example.line}.${/@(param|type) /.test(example.code) ? 'js' : 'ts'}`,
  }));
}

/** Empty lines before the code, so that the compiler's line numbers are the document's. */
const atLine = (line: number, code: string) => '\n'.repeat(line - 1) + code;
