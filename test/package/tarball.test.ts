import { execFile } from 'node:child_process';
import { posix } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, inject, test } from 'vitest';

const run = promisify(execFile);

/** Markdown's links and images, and those of HTML in it; not what has a scheme, nor links within the page. */
const RELATIVE_LINK = /(?:\]\(|(?:src|href)=")(?!\w+:|#|\/\/)([^)"#\s]+)/g;

const CODE = /^```[\s\S]*?^```/gm;

describe('the tarball of a fresh clone', () => {
  let files: string[];
  const read = async (file: string) =>
    (await run('tar', ['-xzOf', inject('tarball'), `package/${file}`])).stdout;

  beforeAll(async () => {
    const { stdout } = await run('tar', ['-tzf', inject('tarball')]);
    files = stdout
      .trim()
      .split('\n')
      .map((file) => file.replace(/^package\//, ''));
  });

  test('contains every file that the manifest names', async () => {
    const { exports, main, module, types } = JSON.parse(await read('package.json'));
    const named = [main, module, types, ...pathsIn(exports)].map((path) => posix.normalize(path));
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter((path) => !files.includes(path))).toEqual([]);
  });

  test('contains the target of every relative link of its documents', async () => {
    const documents = files.filter((file) => file.endsWith('.md'));
    expect(documents).toEqual(expect.arrayContaining(['README.md', 'docs/PROTOCOL.md']));
    const broken: string[] = [];
    for (const document of documents)
      for (const [, link = ''] of (await read(document)).replace(CODE, '').matchAll(RELATIVE_LINK)) {
        const target = posix.join(posix.dirname(document), link);
        if (!files.includes(target)) broken.push(`${document}: ${link}`);
      }
    expect(broken).toEqual([]);
  });
});

function pathsIn(exports: unknown): string[] {
  return typeof exports === 'string' ? [exports] : Object.values(exports as object).flatMap(pathsIn);
}
