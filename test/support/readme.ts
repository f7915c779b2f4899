import { readFile } from 'node:fs/promises';

const example = /<!-- test: ([\w-]+) -->\s*```(?:js|ts)\n([\s\S]*?)```/g;

/** A document's examples that are marked by a comment `<!-- test: name -->` before them, by name. */
export async function examplesOf(document: string): Promise<Map<string, string>> {
  const text = await readFile(new URL(`../../${document}`, import.meta.url), 'utf8');
  return new Map([...text.matchAll(example)].map(([, name = '', code = '']) => [name, code]));
}

export const readmeExamples = () => examplesOf('README.md');
