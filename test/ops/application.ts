import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Child } from '../support/child.js';
import { parseExposition } from '../support/exposition.js';
import { freePort } from '../support/listen.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));

const LIVE_SECRET = 'a secret of thirty-two bytes, or more';

/** A process of ops/app. */
export interface RelayProcess {
  readonly port: number;
  readonly metricsPort: number;
  readonly child: Child;
}

/** The clients that it serves, as it says itself. */
export async function connectionsOf({ metricsPort }: RelayProcess): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return parseExposition(text).get('sfu_relay_connections')?.samples.get('sfu_relay_connections') ?? 0;
}

/** As a supervisor asks for a planned stop; gives the exit code. */
export async function terminate({ child }: RelayProcess): Promise<number | null> {
  process.kill(child.pid, 'SIGTERM');
  await child.ended();
  return child.exitCode;
}

/** A copy of ops/app with what its package.json names, and nothing else; the relay is that of `npm run build`. */
export class Application {
  private constructor(readonly folder: string) {}

  static async install(): Promise<Application> {
    const folder = await mkdtemp(join(tmpdir(), 'sfu-relay-app-'));
    await cp(join(root, 'ops/app'), folder, { recursive: true });
    const { dependencies } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    await mkdir(join(folder, 'node_modules'));
    for (const name of Object.keys(dependencies)) {
      const target = name === 'sfu-relay' ? root : join(root, 'node_modules', name);
      await symlink(target, join(folder, 'node_modules', name), 'dir');
    }
    return new Application(folder);
  }

  /** Resolves when it listens. */
  async start(env: Record<string, string>): Promise<RelayProcess> {
    const port = Number(env.PORT ?? (await freePort()));
    const metricsPort = await freePort();
    const child = new Child(process.execPath, ['server.js'], {
      cwd: this.folder,
      env: { ...process.env, LIVE_SECRET, ...env, PORT: String(port), METRICS_PORT: String(metricsPort) },
    });
    await child.ready(() => /The relay listens/.test(child.log));
    return { port, metricsPort, child };
  }

  async token(user: string, room: string): Promise<string> {
    const options = { cwd: this.folder, env: { ...process.env, LIVE_SECRET } };
    return (await run(process.execPath, ['token.js', user, room], options)).stdout.trim();
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
