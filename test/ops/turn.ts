import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child } from '../support/child.js';
import { freeUdpPort } from '../support/ion.js';
import { freePort } from '../support/listen.js';
import { serverPath } from '../support/real.js';
import type { Certificate } from './certificate.js';
import { adapt } from './shipped.js';

export const TURN_SECRET = 'the secret of the TURN server';

/** coturn with the file of ops/. */
export interface TurnServer {
  port: number;
  tlsPort: number;
  child: Child;
}

export async function startTurn(
  folder: string,
  { certificate, key }: Certificate,
  changes: Record<string, string> = {},
): Promise<TurnServer> {
  const [port, tlsPort] = [await freePort(), await freePort()];
  const firstPort = Math.min(await freeUdpPort(), 65_000);
  const file = join(folder, 'turnserver.conf');
  const conf = await adapt('coturn/turnserver.conf', {
    'listening-port=3478': `listening-ip=127.0.0.1\nrelay-ip=127.0.0.1\nlistening-port=${port}`,
    'tls-listening-port=5349': `tls-listening-port=${tlsPort}`,
    '/etc/coturn/live.pem': certificate,
    '/etc/coturn/live.key': key,
    'external-ip=203.0.113.10': 'allow-loopback-peers',
    'min-port=49152': `min-port=${firstPort}`,
    'max-port=65535': `max-port=${firstPort + 200}`,
    'static-auth-secret=change-me': `static-auth-secret=${TURN_SECRET}`,
    'allowed-peer-ip=203.0.113.21': 'allowed-peer-ip=127.0.0.1',
    'log-file=stdout': `log-file=stdout\npidfile=${folder}/pid\nuserdb=${folder}/turndb`,
    ...changes,
  });
  await writeFile(file, conf);
  const child = new Child(serverPath('turnserver') ?? 'turnserver', ['-c', file]);
  const isServing = /Total General servers|TLS.*listener opened|IPv4\. UDP listener opened/;
  await child.ready(() => isServing.test(child.log));
  return { port, tlsPort, child };
}
