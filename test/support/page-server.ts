import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, normalize } from 'node:path';
import { closeServer, listen } from './listen.js';

const root = new URL('../../', import.meta.url);
const folders: Record<string, URL> = {
  '/pages/': new URL('test/browser/pages/', root),
  '/dist/': new URL('dist/', root),
  '/ion-sdk-js/': new URL('node_modules/ion-sdk-js/dist/', root),
};
const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' };

/** Serves the test pages, the built client and ion-sdk-js, as published, to a browser. */
export interface PageServer {
  /** http://127.0.0.1:port: a secure context, so that getUserMedia works. */
  readonly url: string;
  close(): Promise<void>;
}

export async function startPageServer(): Promise<PageServer> {
  if (!existsSync(fileFor('/dist/client.js'))) throw new Error('there is no dist/: npm run build first');
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://127.0.0.1').pathname);
    if (path === '/favicon.ico') {
      response.writeHead(204).end();
      return;
    }
    try {
      const content = await readFile(fileFor(path));
      response.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream' });
      response.end(content);
    } catch {
      response.writeHead(404).end(`no such file: ${path}`);
    }
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}`, close: () => closeServer(server) };
}

function fileFor(path: string): URL {
  const folder = Object.keys(folders).find((prefix) => path.startsWith(prefix));
  if (!folder) throw new Error('not served');
  return new URL(path.slice(folder.length), folders[folder]);
}
