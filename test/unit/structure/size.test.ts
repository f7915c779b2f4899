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

test('no file of src/ has more than 300 lines', () => {
  const long = files
    .map(
      ({ path }) =>
        [path.slice(root.length), readFileSync(path, 'utf8').trimEnd().split('\n').length] as const,
    )
    .filter(([, lines]) => lines > 300);
  expect(long).toEqual([]);
});

test('no folder of src/ has more than 20 files', () => {
  const counts = new Map<string, number>();
  for (const { folder } of files) counts.set(folder, (counts.get(folder) ?? 0) + 1);
  expect(counts.size).toBeGreaterThan(20);
  expect([...counts].filter(([, count]) => count > 20)).toEqual([]);
});
