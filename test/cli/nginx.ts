import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../support/child.js';
import { freePort } from '../support/listen.js';
import { serverPath } from '../support/real.js';

/** A real nginx that serves HTTP as the lines of its `server` say. */
export async function startNginx(lines: string): Promise<{ port: number; stop(): Promise<void> }> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'sfu-relay-nginx-'));
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const file = join(folder, 'nginx.conf');
  await writeFile(
    file,
    `daemon off; pid ${folder}/pid; error_log stderr warn;
events {}
http { access_log off; ${paths.join(' ')}
server { listen 127.0.0.1:${port}; ${lines} }
}`,
  );
  const child = new Child(serverPath('nginx') ?? 'nginx', ['-e', 'stderr', '-p', folder, '-c', file]);
  await child.ready(() => fetch(`http://127.0.0.1:${port}/`, { redirect: 'manual' }));
  return {
    port,
    async stop() {
      await child.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
