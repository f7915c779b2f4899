import { readdir, readFile } from 'node:fs/promises';

const root = new URL('../../', import.meta.url);
const block = /^(?:<!-- test: ([\w-]+) -->\s*)?```(?:js|ts)\n([\s\S]*?)^```/gm;

/** A block of JavaScript or TypeScript in a document. */
export interface Example {
  /** That of the comment `<!-- test: name -->` before it: a test runs it. */
  name: string | undefined;
  code: string;
  /** The line of the document in which the code begins. */
  line: number;
}

/** README and the guides. */
export async function documents(): Promise<string[]> {
  const guides = (await readdir(new URL('docs/', root))).filter((file) => file.endsWith('.md'));
  return ['README.md', ...guides.sort().map((file) => `docs/${file}`)];
}

/** The text of a document. */
export const readDocument = (document: string): Promise<string> => readFile(new URL(document, root), 'utf8');

export async function blocksOf(document: string): Promise<Example[]> {
  const text = await readDocument(document);
  return [...text.matchAll(block)].map(({ 0: { length }, index, 1: name, 2: code = '' }) => ({
    name,
    code,
    line: text.slice(0, index + length).split('\n').length - code.split('\n').length + 1,
  }));
}

/** The examples of a document that a test runs, by name. */
export async function examplesOf(document: string): Promise<Map<string, string>> {
  const named = (await blocksOf(document)).flatMap(({ name, code }) => (name ? [[name, code] as const] : []));
  return new Map(named);
}

export const readmeExamples = () => examplesOf('README.md');
