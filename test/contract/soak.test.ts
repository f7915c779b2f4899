import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { SoakReport } from '../soak/soak.js';

const SCRIPT = fileURLToPath(new URL('../../scripts/soak.js', import.meta.url));
const SECONDS = 8;

/** In a process of its own, for nothing but the relay's timers to be counted. The long form: `npm run soak`. */
test('of mixed lives that vanish at every step nothing is left', { timeout: 60_000 }, async () => {
  const args = [SCRIPT, '--seconds', String(SECONDS), '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, args).catch((failed) => failed);
  const { left, lives, rejections, faults, seed }: SoakReport = JSON.parse(stdout);
  expect({ seed, left, rejections, faults }).toEqual({
    seed,
    left: {
      sessions: 0,
      rooms: 0,
      streams: 0,
      streamsAtTheSfu: 0,
      connections: 0,
      sockets: 0,
      listeners: 0,
      timers: 0,
    },
    rejections: [],
    faults: [],
  });
  expect(lives).toBeGreaterThan(20);
});
