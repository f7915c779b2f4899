// @ts-check
/** Static files over node:http: a prefix is a folder, and nothing outside of it is ever read. */
import { readFile } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const TYPES = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
]);

const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy':
    "default-src 'self'; connect-src 'self' ws: wss:; media-src 'self' blob:; frame-ancestors 'none'",
};

/**
 * @param {Record<string, URL>} folders by prefix; the longest prefix that fits wins
 * @returns {import('node:http').RequestListener}
 */
export function serveFiles(folders) {
  const prefixes = Object.keys(folders).sort((a, b) => b.length - a.length);
  const roots = new Map(prefixes.map((prefix) => [prefix, fileURLToPath(folders[prefix])]));

  return async (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return send(response, 405, 'Only GET and HEAD.', { allow: 'GET, HEAD' });
    }
    const path = readPath(request.url);
    const prefix = prefixes.find((each) => path?.startsWith(each));
    const file = path && prefix && inside(roots.get(prefix) ?? '', path.slice(prefix.length) || 'index.html');
    const type = file && TYPES.get(extname(file));
    const body = file && type ? await readFile(file).catch(() => undefined) : undefined;
    if (!body || !type) return send(response, 404, 'Not found.');
    response.writeHead(200, { ...HEADERS, 'content-type': type, 'content-length': body.length });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}

/**
 * The decoded path of a request; undefined if it is none.
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
 * The file below `root`; undefined if the path leads out of it, or into a hidden folder.
 * @param {string} root
 * @param {string} path
 */
function inside(root, path) {
  const file = join(root, path);
  const hidden = path.split(/[\\/]/).some((part) => part.startsWith('.'));
  return file.startsWith(root.endsWith(sep) ? root : root + sep) && !hidden ? file : undefined;
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {number} status
 * @param {string} text
 * @param {Record<string, string>} [headers]
 */
function send(response, status, text, headers) {
  response.writeHead(status, { ...HEADERS, ...headers, 'content-type': 'text/plain; charset=utf-8' });
  response.end(text);
}
