import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const cache = join(root, 'node_modules/.cache/package/');

/**
 * Packs the package as `npm publish` does in a fresh clone: what git ignores is not there, so no `dist` either.
 * @returns the tarball's path; the last one again while nothing that is packed or builds it has changed
 */
export async function packCleanClone(): Promise<string> {
  const files = await clonedFiles();
  const tarball = join(cache, `${await fingerprint(files)}.tgz`);
  if (existsSync(tarball)) return tarball;
  const clone = await mkdtemp(join(tmpdir(), 'sfu-relay-clone-'));
  try {
    for (const file of files) await cp(join(root, file), join(clone, file));
    await symlink(join(root, 'node_modules'), join(clone, 'node_modules'), 'dir');
    await run('npm', ['pack', '--pack-destination', clone], { cwd: clone });
    const { name, version } = JSON.parse(await readFile(join(clone, 'package.json'), 'utf8'));
    await rm(cache, { recursive: true, force: true });
    await mkdir(cache, { recursive: true });
    const packed = join(cache, 'unfinished.tgz');
    await cp(join(clone, `${name}-${version}.tgz`), packed);
    await rename(packed, tarball);
  } finally {
    await rm(clone, { recursive: true, force: true });
  }
  return tarball;
}

async function clonedFiles(): Promise<string[]> {
  const { stdout } = await run('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: root,
  });
  // A file that is deleted and not committed yet is still listed.
  return stdout.split('\0').filter((file) => file !== '' && existsSync(join(root, file)));
}

async function fingerprint(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(process.version);
  // Tests are edited most often, and never packed.
  for (const file of files.filter((each) => !each.startsWith('test/')))
    hash.update(`\0${file}\0`).update(await readFile(join(root, file)));
  return hash.digest('hex').slice(0, 16);
}
