import { expect, test } from 'vitest';
import { DOCUMENTED } from './check.js';
import { documentedOutputs } from './documented.js';

test('each output in docs/TROUBLESHOOTING.md has a test that compares it', async () => {
  const names = (await documentedOutputs()).map(({ name }) => name);
  expect(names.sort()).toEqual(['ok', ...DOCUMENTED].sort());
});
