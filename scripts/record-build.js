#!/usr/bin/env node
/**
 * Records the relay of test/cluster, with all of src/ as it is now, for test/cluster/versions.test.ts: the releases to come are tested beside
 * it in one room. Part of a release.
 *
 *   npm run record-build
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress } from 'node:zlib';
import { compile } from './compile.js';

const recorded = fileURLToPath(new URL('../test/cluster/recorded/', import.meta.url));
const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));

const { folder } = await compile(
  'recorded-build',
  { relay: 'test/cluster/relay.ts' },
  { external: [/^(redis|ioredis|ws|express)$/], splitting: false, minify: true },
);
const compressed = await promisify(brotliCompress)(await readFile(`${folder}relay.mjs`));
await mkdir(recorded, { recursive: true });
for (const name of await readdir(recorded)) await rm(`${recorded}${name}`);
const name = `relay-${version}.mjs.br`;
await writeFile(`${recorded}${name}`, compressed);
console.log(`test/cluster/recorded/${name}: ${Math.ceil(compressed.length / 1024)} KB`);
