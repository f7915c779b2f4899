// @ts-check
/** Static files without a framework: each prefix maps to a folder, and nothing outside of it is read. */
import { readFile } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { pageHeaders } from './page.js';

const TEXT = 'text/plain; charset=utf-8';

const TYPES = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
]);

/**
 * The response to a GET of a URL.
 * @param {Record<string, string>} folders by prefix; the longest prefix that fits wins
 * @returns {(url: string | undefined) => Promise<{ status: number, type: string, body: Buffer }>}
 */
export function openFolders(folders) {
  const byLength = Object.entries(folders).sort(([a], [b]) => b.length - a.length);

  return async (url) => {
    const path = readPath(url) ?? '';
    const [prefix, folder] = byLength.find(([each]) => path.startsWith(each)) ?? ['', ''];
    const file = folder && inside(folder, path.slice(prefix.length) || 'index.html');
    const type = file && TYPES.get(extname(file));
    const body = file && type ? await readFile(file).catch(() => undefined) : undefined;
    return body && type
      ? { status: 200, type, body }
      : { status: 404, type: TEXT, body: Buffer.from('Not found.') };
  };
}

/**
 * The same for node:http.
 * @param {Record<string, string>} folders
 * @returns {import('node:http').RequestListener}
 */
export function serveFolders(folders) {
  const read = openFolders(folders);

  return async (request, response) => {
    response.setHeaders(pageHeaders);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD', 'content-type': TEXT }).end('Only GET and HEAD.');
      return;
    }
    const { status, type, body } = await read(request.url);
    response.writeHead(status, { 'content-type': type, 'content-length': body.length });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}

/**
 * The decoded path of a request; undefined if it is invalid.
 * @param {string | undefined} url
 */
function readPath(url) {
  try {
    const path = decodeURIComponent(new URL(url ?? '/', 'http://localhost').pathname);
    return path.includes('\0') ? undefined : path;
  } catch {
    return undefined;
  }
}

/**
 * The file below `root`; undefined if the path leaves it or enters a hidden folder.
 * @param {string} root
 * @param {string} path
 */
function inside(root, path) {
  const file = join(root, path);
  const hidden = path.split(/[\\/]/).some((part) => part.startsWith('.'));
  return file.startsWith(root.endsWith(sep) ? root : root + sep) && !hidden ? file : undefined;
}
