// @ts-check
/** The Redis of the example. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * @param {string | undefined} url of a Redis that runs already
 * @returns {Promise<{ url: string, stop(): unknown }>}
 */
export async function startRedis(url) {
  if (url) return { url, stop() {} };
  const port = await freePort();
  const child = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    { stdio: ['ignore', 'pipe', 'inherit'], detached: true },
  );
  // Also after a second Ctrl+C.
  process.once('exit', () => child.kill());
  await new Promise((resolve, reject) => {
    child.once('error', () =>
      reject(
        new Error(
          'redis-server was not found. Install it (Debian: apt-get install redis-server), or start with REDIS_URL=redis://host:6379.',
        ),
      ),
    );
    child.once('exit', () => reject(new Error('redis-server ended at its start.')));
    child.stdout.on('data', (text) => {
      if (/Ready to accept connections/.test(String(text))) resolve(undefined);
    });
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}

async function freePort() {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  return port;
}
