import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A certificate that signs itself, in files. */
export interface Certificate {
  certificate: string;
  key: string;
  /** Both in one file, as HAProxy wants it. */
  both: string;
}

export async function makeCertificate(folder: string): Promise<Certificate> {
  const certificate = join(folder, 'live.pem');
  const key = join(folder, 'live.key');
  const both = join(folder, 'both.pem');
  const names = [
    '-subj',
    '/CN=live.example.org',
    '-addext',
    'subjectAltName=DNS:live.example.org,IP:127.0.0.1',
  ];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  await run('openssl', ['req', '-x509', ...curve, ...names, '-keyout', key, '-out', certificate]);
  await writeFile(both, (await readFile(certificate, 'utf8')) + (await readFile(key, 'utf8')));
  return { certificate, key, both };
}
