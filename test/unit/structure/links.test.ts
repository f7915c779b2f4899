import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const documents = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .trim()
  .split('\n')
  .filter((file) => existsSync(join(root, file)) && !file.startsWith('docs/api-report/'));

/** Without its code, which has no links. */
const textOf = (document: string) =>
  readFileSync(join(root, document), 'utf8')
    .replace(/^```[\s\S]*?^```/gm, '')
    .replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()<>]/g, ''));

/** Markdown's links, images and definitions, and those of HTML; not what has a scheme. */
const LINK = /(?:\]\(|^\[[^\]]+\]: |(?:src|href)=")(?!\w+:|\/\/)([^)"\s]+)/gm;

/** The anchors that GitHub gives a document's headings. */
function anchorsOf(document: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of textOf(document).matchAll(/^#{1,6} +(.+)$/gm)) {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .trim()
      .replace(/ /g, '-');
    let unique = slug;
    for (let n = 1; anchors.has(unique); n += 1) unique = `${slug}-${n}`;
    anchors.add(unique);
  }
  return anchors;
}

function isDead(document: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? document : posix.join(posix.dirname(document), decodeURI(path));
  if (!existsSync(join(root, target))) return true;
  return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).has(anchor);
}

test('no link between the documents is dead, nor its anchor', () => {
  expect(documents).toEqual(expect.arrayContaining(['README.md', 'docs/PROTOCOL.md']));
  const links = documents.flatMap((document) =>
    [...textOf(document).matchAll(LINK)].map(([, link = '']) => ({ document, link })),
  );
  expect(links.length).toBeGreaterThan(200);
  expect(
    links
      .filter(({ document, link }) => isDead(document, link))
      .map((each) => Object.values(each).join(': ')),
  ).toEqual([]);
});

test('every guide is in the list of README', () => {
  const guides = documents.filter((document) => /^docs\/[^/]+\.md$/.test(document));
  const listed = new Set([...textOf('README.md').matchAll(LINK)].map(([, link = '']) => link.split('#')[0]));
  expect(guides.filter((guide) => !listed.has(guide))).toEqual([]);
});

test('every guide is in the site that typedoc builds', () => {
  const guides = documents.filter((document) => /^docs\/[^/]+\.md$/.test(document));
  const { projectDocuments } = JSON.parse(readFileSync(join(root, 'typedoc.json'), 'utf8'));
  expect([...projectDocuments].sort()).toEqual(guides.sort());
});
