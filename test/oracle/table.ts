import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Verdict } from './attempt.js';
import type { Row } from './campaign.js';
import { explanationOf } from './explanations.js';

const FILE = fileURLToPath(new URL('../../docs/SDP.md', import.meta.url));
const HEAD = '| client | what is different | bare Ion | relay | why they differ |\n|---|---|---|---|---|\n';

/** A row of the table in docs/SDP.md. */
export interface TableRow {
  client: string;
  name: string;
  bare: Verdict;
  relay: Verdict;
  why: string;
}

/** Puts the rows in the place of the table in docs/SDP.md. */
export async function writeTable(rows: readonly Row[]): Promise<void> {
  const document = await readFile(FILE, 'utf8');
  const lines = rows.map(({ variant: { client, name }, bare, relay }) => {
    const why = bare === relay ? '' : explanationOf(name, bare, relay);
    return `| ${client} | ${name.replaceAll('|', '\\|')} | ${bare} | ${relay} | ${why} |`;
  });
  const text = document.slice(0, document.indexOf(HEAD)) + HEAD + lines.join('\n');
  await writeFile(FILE, `${text}\n`);
}

export async function readTable(): Promise<TableRow[]> {
  const document = await readFile(FILE, 'utf8');
  const table = document.slice(document.indexOf(HEAD) + HEAD.length);
  return table
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [client = '', name = '', bare = '', relay = '', why = ''] = line.slice(2, -2).split(/ ?\| /);
      return { client, name, bare: bare as Verdict, relay: relay as Verdict, why: why.trim() };
    });
}
