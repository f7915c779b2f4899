import { readFile } from 'node:fs/promises';

const ops = new URL('../../ops/', import.meta.url);

/** A file of ops/. */
export const readShipped = (file: string): Promise<string> => readFile(new URL(file, ops), 'utf8');

/**
 * A file of ops/ as an operator would adapt it: each text is replaced, wherever it is. A text that the file does not have is an
 * error, so that no test runs something else than what is shipped.
 */
export async function adapt(file: string, changes: Record<string, string>): Promise<string> {
  let text = await readShipped(file);
  for (const [from, to] of Object.entries(changes)) {
    if (!text.includes(from)) throw new Error(`ops/${file} does not have ${JSON.stringify(from)}`);
    text = text.replaceAll(from, to);
  }
  return text;
}
