import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inject } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const fixtures = join(root, 'test/consumer');

/** What users of the package have beside its dependencies and peers. */
const ALSO = ['@types/node', '@types/ws', '@types/express', '@types/koa', 'uWebSockets.js'];

/** A project with the package installed from the tarball of a clean clone, and with its peers and types. */
export class ConsumerProject {
  private constructor(readonly folder: string) {}

  /** `also` names what it has installed beside. */
  static async create(type: 'module' | 'commonjs', also: readonly string[] = []): Promise<ConsumerProject> {
    const project = new ConsumerProject(await mkdtemp(join(tmpdir(), 'sfu-relay-consumer-')));
    await project.write('package.json', JSON.stringify({ name: 'consumer', private: true, type }));
    await project.#install(also);
    return project;
  }

  /** The folder of the installed package. */
  get installed(): string {
    return join(this.folder, 'node_modules/sfu-relay');
  }

  /** The installed package's package.json. */
  async manifest(): Promise<{ version: string; bin: { 'sfu-relay': string } }> {
    return JSON.parse(await readFile(join(this.installed, 'package.json'), 'utf8'));
  }

  async write(file: string, content: string): Promise<void> {
    await writeFile(join(this.folder, file), content);
  }

  read(file: string): Promise<string> {
    return readFile(join(this.folder, file), 'utf8');
  }

  async addFixture(file: string): Promise<void> {
    await cp(join(fixtures, file), join(this.folder, file));
  }

  /** Installs a package that stands for a real one. */
  async addPackage(name: string, code: string): Promise<void> {
    const folder = join(this.folder, 'node_modules', name);
    await mkdir(folder, { recursive: true });
    await writeFile(
      join(folder, 'package.json'),
      JSON.stringify({ name, type: 'module', exports: './index.js' }),
    );
    await writeFile(join(folder, 'index.js'), code);
  }

  /** Runs `task` while a package that this project has is not installed. */
  async without<Result>(name: string, task: () => Promise<Result>): Promise<Result> {
    await rm(join(this.folder, 'node_modules', name));
    try {
      return await task();
    } finally {
      await this.#link(name);
    }
  }

  /** Compiles, strictly, and gives what the compiler has to say. */
  async compile(files: readonly string[], options: object): Promise<string> {
    const compilerOptions = { strict: true, skipLibCheck: false, noEmitOnError: true, ...options };
    await this.write('tsconfig.json', JSON.stringify({ compilerOptions, files }));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    try {
      await run(process.execPath, [tsc, '-p', '.'], { cwd: this.folder });
      return '';
    } catch (error) {
      return (error as { stdout: string }).stdout;
    }
  }

  /** Runs a script to its end and gives its stdout; rejects, with stderr, unless it ends with 0. */
  async run(file: string, env: NodeJS.ProcessEnv = {}, args: readonly string[] = []): Promise<string> {
    const options = { cwd: this.folder, env: { ...process.env, ...env }, timeout: 30_000 };
    return (await run(process.execPath, [file, ...args], options)).stdout;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  /** From the tarball; what the package depends on comes from this repository, so that no registry is asked. */
  async #install(also: readonly string[]): Promise<void> {
    await mkdir(this.installed, { recursive: true });
    await run('tar', ['-xzf', inject('tarball'), '--strip-components=1', '-C', this.installed]);

    const manifest = JSON.parse(await readFile(join(this.installed, 'package.json'), 'utf8'));
    const peers = Object.keys(manifest.peerDependencies ?? {});
    for (const name of new Set([...Object.keys(manifest.dependencies), ...peers, ...ALSO, ...also])) {
      await this.#link(name);
    }
  }

  async #link(name: string): Promise<void> {
    const target = join(root, 'node_modules', name);
    const link = join(this.folder, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(target, link, 'dir');
  }
}
