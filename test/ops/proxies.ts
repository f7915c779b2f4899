import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child } from '../support/child.js';
import { freePort } from '../support/listen.js';
import { serverPath } from '../support/real.js';
import type { Certificate } from './certificate.js';
import { adapt } from './shipped.js';

/** A proxy that runs the file of ops/. */
export interface RunningProxy {
  /** https://127.0.0.1:port */
  url: string;
  /** http://127.0.0.1:port */
  plainUrl: string;
  child: Child;
}

interface Setting {
  /** Of its own. */
  folder: string;
  certificate: Certificate;
  /** host:port of both relays. */
  relays: readonly [string, string];
}

interface Prepared {
  command: string;
  /** Checks the file and ends. */
  check: string[];
  run: string[];
  env?: Record<string, string>;
}

type Prepare = (setting: Setting, tls: number, plain: number) => Promise<Prepared>;

const nginx: Prepare = async ({ folder, certificate, relays }, tls, plain) => {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const paths = temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ');
  const file = join(folder, 'nginx.conf');
  const conf = await adapt('nginx/nginx.conf', {
    'user www-data;': '',
    '/run/nginx.pid': `${folder}/pid`,
    '/var/log/nginx/': `${folder}/`,
    'server_tokens off;': `server_tokens off; ${paths}`,
    'listen 80;': `listen 127.0.0.1:${plain};`,
    'listen 443': `listen 127.0.0.1:${tls}`,
    '/etc/ssl/live.pem': certificate.certificate,
    '/etc/ssl/live.key': certificate.key,
    'relay-1:8080': relays[0],
    'relay-2:8080': relays[1],
  });
  await writeFile(file, conf);
  const args = ['-e', join(folder, 'error.log'), '-p', folder, '-c', file];
  const command = serverPath('nginx') ?? 'nginx';
  return { command, check: ['-t', ...args], run: ['-g', 'daemon off;', ...args] };
};

const haproxy: Prepare = async ({ folder, certificate, relays }, tls, plain) => {
  const file = join(folder, 'haproxy.cfg');
  const conf = await adapt('haproxy/haproxy.cfg', {
    'bind :80\n': `bind 127.0.0.1:${plain}\n`,
    'bind :443': `bind 127.0.0.1:${tls}`,
    '/etc/haproxy/live.pem': certificate.both,
    'relay-1:8080': relays[0],
    'relay-2:8080': relays[1],
    // The processes of tests may have fewer open files.
    'maxconn 50000': 'maxconn 400',
  });
  await writeFile(file, conf);
  return { command: serverPath('haproxy') ?? 'haproxy', check: ['-c', '-f', file], run: ['-db', '-f', file] };
};

const caddy: Prepare = async ({ folder, certificate, relays }, tls, plain) => {
  const file = join(folder, 'Caddyfile');
  const { certificate: pem, key } = certificate;
  const conf = await adapt('caddy/Caddyfile', {
    // Its own authority is the internet's: a test has a certificate.
    'live.example.org {': `{
	admin off
	http_port ${plain}
	https_port ${tls}
	default_bind 127.0.0.1
}
127.0.0.1 {
	tls ${pem} ${key}`,
    'relay-1:8080 relay-2:8080': relays.join(' '),
  });
  await writeFile(file, conf);
  const args = ['--config', file, '--adapter', 'caddyfile'];
  const env = { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder, HOME: folder };
  const command = serverPath('caddy') ?? 'caddy';
  return { command, check: ['validate', ...args], run: ['run', ...args], env };
};

export const PROXIES = { nginx, haproxy, caddy };

/** Checks the file by the proxy's own means, starts it, and resolves when it serves TLS. */
export async function startProxy(name: keyof typeof PROXIES, setting: Setting): Promise<RunningProxy> {
  const folder = join(setting.folder, name);
  await mkdir(folder, { recursive: true });
  const [tls, plain] = [await freePort(), await freePort()];
  const { command, check, run, env } = await PROXIES[name]({ ...setting, folder }, tls, plain);
  const options = { env: { ...process.env, ...env } };
  const checked = new Child(command, check, options);
  await checked.ended();
  if (checked.exitCode !== 0) throw new Error(`${name} refuses its file:\n${checked.log}`);
  const child = new Child(command, run, options);
  await child.ready(() => fetch(`http://127.0.0.1:${plain}/`, { redirect: 'manual' }));
  return { url: `https://127.0.0.1:${tls}`, plainUrl: `http://127.0.0.1:${plain}`, child };
}
