import { fileURLToPath } from 'node:url';
import { Child } from './child.js';
import { freePort } from './listen.js';

const script = fileURLToPath(new URL('../../examples/live-room/server.js', import.meta.url));

/** The demo, as `npm start` runs it, on a free port or the one given. */
export async function startDemo({ port, sfuUrl }: { port?: number; sfuUrl?: string } = {}) {
  const PORT = String(port ?? (await freePort()));
  const env = { ...process.env, HOST: '127.0.0.1', PORT, SFU_URL: sfuUrl ?? '' };
  return { url: `http://127.0.0.1:${PORT}`, process: new Child(process.execPath, [script], { env }) };
}
