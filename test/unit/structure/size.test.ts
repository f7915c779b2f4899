import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const files = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && !/[\\/]gen$/.test(entry.parentPath))
  .map(({ parentPath, name }) => ({
    folder: parentPath.slice(root.length),
    name,
    path: join(parentPath, name),
  }));

/** Of examples/, beside the pages, which are markup. */
const examples = readdirSync(join(root, 'examples'), { recursive: true, withFileTypes: true })
  .filter(
    (entry) => entry.isFile() && /\.(js|css)$/.test(entry.name) && !/node_modules/.test(entry.parentPath),
  )
  .map(({ parentPath, name }) => join(parentPath, name));

const linesOf = (path: string) => readFileSync(path, 'utf8').trimEnd().split('\n').length;

test('no file of src/ has more than 300 lines', () => {
  const long = files
    .map(({ path }) => [path.slice(root.length), linesOf(path)] as const)
    .filter(([, lines]) => lines > 300);
  expect(long).toEqual([]);
});

test('no script and no style sheet of examples/ has more than 300 lines', () => {
  expect(examples.length).toBeGreaterThan(40);
  expect(examples.filter((path) => linesOf(path) > 300).map((path) => path.slice(root.length))).toEqual([]);
});

test('no folder of src/ has more than 20 files', () => {
  const counts = new Map<string, number>();
  for (const { folder } of files) counts.set(folder, (counts.get(folder) ?? 0) + 1);
  expect(counts.size).toBeGreaterThan(20);
  expect([...counts].filter(([, count]) => count > 20)).toEqual([]);
});
