import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'tsup';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

const run = promisify(execFile);

describe('the browser client, bundled and minified as an application does', () => {
  let folder: string;
  let code: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sfu-relay-bundle-'));
    await run('tar', ['-xzf', inject('tarball'), '-C', folder]);
    await build({
      config: false,
      entry: { client: join(folder, 'package/dist/client.js') },
      outDir: folder,
      format: 'esm',
      outExtension: () => ({ js: '.js' }),
      platform: 'browser',
      noExternal: [/./],
      minify: 'terser',
      silent: true,
    });
    code = await readFile(join(folder, 'client.js'), 'utf8');
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  test('is at most 14.7 KB, gzipped', () => {
    expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(14.7 * 1024);
  });

  test('imports nothing, of Node or anybody else', () => {
    expect(code).not.toMatch(/\b(import|from)\s*["']|\bimport\s*\(|\brequire\s*\(|node:/);
  });
});
