import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import rules from '../../../.dependency-cruiser.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sfu-relay-structure-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Which rules of `npm run check` these files of `src/` break. */
async function brokenRules(files: Record<string, string>): Promise<string[]> {
  for (const [name, code] of Object.entries(files)) {
    const path = join(folder, 'src', name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, code);
  }
  const { options, forbidden = [] } = rules;
  const { output } = await cruise(['src'], {
    ...options,
    ruleSet: { forbidden },
    validate: true,
    baseDir: folder,
  });
  const { violations } = (output as ICruiseResult).summary;
  return [...new Set(violations.map(({ rule }) => rule.name))].sort();
}

describe('the check of imports', () => {
  test('lets a room import one below it', async () => {
    const files = {
      'room/room.ts': "import { one } from '../util/one.js';\nexport const two = one + 1;",
      'util/one.ts': 'export const one = 1;',
    };
    expect(await brokenRules(files)).toEqual([]);
  });

  test('fails where a room imports one above it, be it a type', async () => {
    const files = {
      'room/room.ts': "import type { Session } from '../session/session.js';\nexport type Guest = Session;",
      'session/session.ts': 'export interface Session {}',
    };
    expect(await brokenRules(files)).toEqual(['room-imports-downwards']);
  });

  test('fails where two files import each other, be it types', async () => {
    const files = {
      'guard/one.ts': "import type { Two } from './two.js';\nexport interface One { two: Two }",
      'guard/two.ts': "import type { One } from './one.js';\nexport interface Two { one: One }",
    };
    expect(await brokenRules(files)).toEqual(['no-circle']);
  });

  test('fails where two folders of a room import each other, though no two files do', async () => {
    const files = {
      'signaling/rpc/one.ts': "import '../wire/two.js';",
      'signaling/rpc/three.ts': 'export {};',
      'signaling/wire/two.ts': 'export {};',
      'signaling/wire/four.ts': "import '../rpc/three.js';",
    };
    expect(await brokenRules(files)).toEqual(['no-circle-of-folders']);
  });

  test('fails for a file outside the rooms', async () => {
    expect(await brokenRules({ 'helpers/help.ts': "import 'node:fs';" })).toEqual(['every-file-in-a-room']);
  });
});
