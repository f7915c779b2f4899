import { readFile } from 'node:fs/promises';

const readme = new URL('../../README.md', import.meta.url);
const example = /<!-- test: ([\w-]+) -->\s*```(?:js|ts)\n([\s\S]*?)```/g;

/** The README's examples that are marked by a comment `<!-- test: name -->` before them, by name. */
export async function readmeExamples(): Promise<Map<string, string>> {
  const text = await readFile(readme, 'utf8');
  return new Map([...text.matchAll(example)].map(([, name = '', code = '']) => [name, code]));
}
