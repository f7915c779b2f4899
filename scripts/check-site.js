// Checks that every link within the site of typedoc leads to a page and an anchor that exist.
//
//   node scripts/check-site.js [docs/api]
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const root = resolve(process.argv[2] ?? 'docs/api');
const pages = readdirSync(root, { recursive: true })
  .filter((file) => file.endsWith('.html'))
  .map((file) => {
    const path = join(root, file);
    const html = readFileSync(path, 'utf8');
    return { path, html, ids: new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)) };
  });
const idsOf = new Map(pages.map(({ path, ids }) => [path, ids]));

let links = 0;
const dead = new Set();
for (const { path, html } of pages) {
  for (const [, href] of html.matchAll(/ href="([^"]+)"/g)) {
    if (/^[a-z]+:/.test(href)) continue;
    links += 1;
    const [file, anchor] = href.split('#').map(decodeURIComponent);
    const named = file ? resolve(dirname(path), file) : path;
    const ids = idsOf.get(named) ?? idsOf.get(join(named, 'index.html'));
    if (ids ? anchor && !ids.has(anchor) : !existsSync(named)) dead.add(`${path}: ${href}`);
  }
}

for (const each of dead) console.error(`dead link: ${each}`);
console.log(`${links} links in ${pages.length} pages, ${dead.size} dead`);
if (links === 0 || dead.size > 0) process.exit(1);
