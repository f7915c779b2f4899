import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { DayReport } from '../day/day.js';
import { describeReal } from '../support/real.js';

const SCRIPT = fileURLToPath(new URL('../../scripts/day.js', import.meta.url));

/** The long form: `npm run day`. */
describeReal(['ion', 'chromium', 'firefox'], 'a day in a room, compressed', () => {
  test('everybody receives everybody at its end, no application was told of an error, and no heap has grown', {
    timeout: 300_000,
  }, async () => {
    const args = [SCRIPT, '--share', '0.1', '--json'];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args).catch((failed) => failed);
    if (!stdout) throw new Error(stderr);
    const { seed, plan, errors, growth }: DayReport = JSON.parse(stdout);
    const none = Object.fromEntries(Object.keys(errors).map((user) => [user, []]));
    expect({ seed, plan, errors }).toEqual({ seed, plan, errors: none });
    expect(Object.values(plan).every((count) => count > 0)).toBe(true);
    expect(growth.relay).toBeLessThan(1);
    expect(growth.page).toBeLessThan(1);
  });
});
