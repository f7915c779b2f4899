import { execFile } from 'node:child_process';
import { chmod, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConsumerProject } from '../support/consumer.js';
import { freePort } from '../support/listen.js';

const run = promisify(execFile);
const env = { ...process.env, LIVE_SECRET: 'a secret of thirty-two bytes, or more' };

interface Outcome {
  code?: number;
  stdout: string;
  stderr: string;
}

describe.each(['module', 'commonjs'] as const)('npx sfu-relay, in a project of type %s', (type) => {
  let project: ConsumerProject;

  beforeAll(async () => {
    project = await ConsumerProject.create(type);
    // As npm installs the commands of a package.
    const command = join(project.installed, (await project.manifest()).bin['sfu-relay']);
    await chmod(command, 0o755);
    await mkdir(join(project.folder, 'node_modules/.bin'), { recursive: true });
    await symlink(command, join(project.folder, 'node_modules/.bin/sfu-relay'));
  });
  afterAll(async () => {
    await project?.remove();
  });

  const npx = (...args: string[]): Promise<Outcome> =>
    run('npx', ['--no', '--', 'sfu-relay', ...args], { cwd: project.folder, env }).catch((error) => error);

  test('lists its commands, and has the version of the package', async () => {
    expect((await npx('--help')).stdout).toContain('sfu-relay <command> --help');
    expect((await npx('--version')).stdout).toBe(`${(await project.manifest()).version}\n`);
  });

  test('signs a token', async () => {
    expect((await npx('token', '--user', 'alice')).stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  });

  test('without jose says what to install', async () => {
    const outcome = await project.without('jose', () => npx('token', '--user', 'alice'));
    expect(outcome).toMatchObject({
      code: 2,
      stdout: '',
      stderr: 'sfu-relay: sfu-relay token needs the package jose: npm install jose.\n',
    });
  });

  test('checks a relay, and without ws or werift says what to install', async () => {
    const url = `ws://127.0.0.1:${await freePort()}/rtc`;
    expect(await npx('check', url)).toMatchObject({ code: 1, stdout: expect.stringContaining('✗ tcp') });
    for (const name of ['ws', 'werift'])
      expect(await project.without(name, () => npx('check', url))).toMatchObject({
        code: 2,
        stderr: `sfu-relay: sfu-relay check needs the package ${name}: npm install ${name}.\n`,
      });
  });
});
