import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

test('sfu-relay ends as usual where nobody reads its output to the end', async () => {
  const child = spawn(process.execPath, [CLI, 'token', '--user', 'alice'], {
    env: { LIVE_SECRET: 'a secret of thirty-two bytes, or more' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let errors = '';
  child.stderr.on('data', (text) => {
    errors += text;
  });
  const [exitCode] = await once(child, 'close');
  expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: '' });
});
