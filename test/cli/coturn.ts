import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from '../support/child.js';
import { freePort } from '../support/listen.js';
import { serverPath } from '../support/real.js';

const CERTIFICATES = fileURLToPath(new URL('../unit/grpc/http2/certificates/', import.meta.url));

/** A real coturn, whose users have credentials of this secret. Browsers do not know the authority of its certificate. */
export async function startCoturn(
  secret: string,
): Promise<{ port: number; tlsPort: number; stop(): Promise<void> }> {
  const port = await freePort();
  const tlsPort = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'sfu-relay-coturn-'));
  const child = new Child(serverPath('turnserver') ?? 'turnserver', [
    ...['-n', '--use-auth-secret', `--static-auth-secret=${secret}`, '--realm=example.org'],
    ...['--listening-ip=127.0.0.1', '--relay-ip=127.0.0.1', `--listening-port=${port}`],
    ...[
      `--tls-listening-port=${tlsPort}`,
      `--cert=${CERTIFICATES}server.pem`,
      `--pkey=${CERTIFICATES}server.key`,
    ],
    ...['--no-dtls', '--no-cli', '--log-file=stdout'],
    ...[`--pidfile=${folder}/pid`, `--userdb=${folder}/turndb`],
  ]);
  await child.ready(() => /Total General servers/.test(child.log));
  return {
    port,
    tlsPort,
    async stop() {
      await child.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
