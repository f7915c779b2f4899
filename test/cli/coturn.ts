import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../support/child.js';
import { freePort } from '../support/listen.js';
import { serverPath } from '../support/real.js';

/** A real coturn, whose users have credentials of this secret. */
export async function startCoturn(secret: string): Promise<{ port: number; stop(): Promise<void> }> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'sfu-relay-coturn-'));
  const child = new Child(serverPath('turnserver') ?? 'turnserver', [
    ...['-n', '--use-auth-secret', `--static-auth-secret=${secret}`, '--realm=example.org'],
    ...['--listening-ip=127.0.0.1', '--relay-ip=127.0.0.1', `--listening-port=${port}`],
    ...['--no-tls', '--no-dtls', '--no-cli', '--log-file=stdout'],
    ...[`--pidfile=${folder}/pid`, `--userdb=${folder}/turndb`],
  ]);
  await child.output(/Total General servers/);
  return {
    port,
    async stop() {
      await child.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
