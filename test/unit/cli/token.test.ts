import { describe, expect, test } from 'vitest';
import { jwt } from '../../../src/plugins/auth/index.js';
import { runCli } from '../../support/cli.js';

const SECRET = 'a secret of thirty-two bytes, or more';
const env = { LIVE_SECRET: SECRET };

/** What a relay makes of the token that the command prints. */
async function principalOf(args: readonly string[], options: { audience?: string; issuer?: string } = {}) {
  const { exitCode, out, err } = await runCli(['token', ...args], { env });
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  const authenticate = jwt({ secret: SECRET, ...options });
  return authenticate({ url: '/', headers: {}, remoteAddress: undefined, token: out.trimEnd() });
}

describe('sfu-relay token', () => {
  test('prints a token alone, which jwt() accepts', async () => {
    const { out } = await runCli(['token', '--user', 'alice'], { env });
    expect(out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(await principalOf(['--user', 'alice'])).toMatchObject({
      userId: 'alice',
      grants: { canPublish: true, canSubscribe: true, hidden: false, roomAdmin: false },
    });
  });

  test('names the room, and grants by the names of LiveKit', async () => {
    const grants = [
      'canPublish=false',
      'canPublishData',
      'roomAdmin=true',
      'canPublishSources=camera,microphone',
    ];
    const args = ['--user', 'bob', '--room', 'class-*', ...grants.flatMap((grant) => ['--grant', grant])];
    expect(await principalOf(args)).toMatchObject({
      userId: 'bob',
      grants: {
        room: 'class-*',
        canPublish: false,
        canPublishData: true,
        roomAdmin: true,
        canPublishSources: ['camera', 'microphone'],
      },
    });
  });

  test('names audience and issuer, and is refused where others are expected', async () => {
    const args = ['--user', 'alice', '--audience', 'live', '--issuer', 'https://login.example.org'];
    const wanted = { audience: 'live', issuer: 'https://login.example.org' };
    expect(await principalOf(args, wanted)).toMatchObject({ userId: 'alice' });
    await expect(principalOf(args, { ...wanted, audience: 'staging' })).rejects.toThrow('not valid');
  });

  test.each([
    ['90s', 90],
    ['15m', 900],
    ['2h', 7_200],
    ['7d', 604_800],
  ])('is valid for %s', async (ttl, seconds) => {
    const { out } = await runCli(['token', '--user', 'alice', '--ttl', ttl], { env });
    const claims = JSON.parse(Buffer.from(out.split('.')[1] ?? '', 'base64url').toString());
    expect(claims.exp - claims.iat).toBe(seconds);
  });

  test('takes the secret of another variable, or of stdin', async () => {
    const authenticate = jwt({ secret: SECRET });
    const sources = [
      { args: ['--secret-env', 'OTHER'], env: { OTHER: SECRET } },
      { args: ['--secret-stdin'], stdin: `${SECRET}\n` },
    ];
    for (const { args, ...input } of sources) {
      const { out } = await runCli(['token', '--user', 'alice', ...args], input);
      const request = { url: '/', headers: {}, remoteAddress: undefined, token: out.trimEnd() };
      expect(await authenticate(request)).toMatchObject({ userId: 'alice' });
    }
  });

  test.each<[string, string[], string]>([
    ['no user', [], 'Name the user: --user alice.'],
    ['an empty user', ['--user', ''], '--user is empty.'],
    [
      'a user id that the relay would refuse',
      ['--user', 'a'.repeat(129)],
      '--user is longer than 128 characters.',
    ],
    ['a user without its option', ['alice'], '"alice" belongs to no option: write --user alice?'],
    ['an unknown option', ['--users', 'a'], "Unknown option '--users'."],
    ['an option twice', ['--user', 'a', '--user', 'b'], '--user is given twice.'],
    ['a lifetime without its unit', ['--user', 'a', '--ttl', '60'], '--ttl is a number with its unit'],
    ['a lifetime of nothing', ['--user', 'a', '--ttl', '0m'], '--ttl is a number with its unit'],
    [
      'an unknown grant',
      ['--user', 'a', '--grant', 'publish'],
      'There is no grant "publish": there are canPublish,',
    ],
    ['a grant of an unknown value', ['--user', 'a', '--grant', 'hidden=yes'], '--grant hidden=false'],
    [
      'an unknown source',
      ['--user', 'a', '--grant', 'canPublishSources=cam'],
      'is a list of camera, microphone',
    ],
    ['a grant twice', ['--user', 'a', '--grant', 'hidden', '--grant', 'hidden'], 'hidden is given twice.'],
    ['a room among the grants', ['--user', 'a', '--grant', 'room=x'], '--room lobby'],
    ['the secret as an argument', ['--user', 'a', '--secret', SECRET], 'set LIVE_SECRET in the environment'],
    ['two sources of the secret', ['--user', 'a', '--secret-stdin', '--secret-env', 'X'], 'has one source'],
    [
      'a variable without a secret',
      ['--user', 'a', '--secret-env', 'NONE'],
      'set NONE to the "secret" of jwt()',
    ],
    ['nothing on stdin', ['--user', 'a', '--secret-stdin'], 'stdin has no secret'],
  ])('says what is wrong with %s', async (_, args, message) => {
    const { exitCode, out, err } = await runCli(['token', ...args], { env });
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    expect(err).toContain(message);
    expect(err).toContain('sfu-relay token --help');
  });

  test.each([
    ['short', 'The secret of LIVE_SECRET has 5 bytes, and needs 32'],
    ['-----BEGIN PRIVATE KEY-----', 'LIVE_SECRET has a key in PEM'],
  ])('refuses the secret %s, as jwt() does', async (secret, message) => {
    const { exitCode, out, err } = await runCli(['token', '--user', 'a'], { env: { LIVE_SECRET: secret } });
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    expect(err).toContain(message);
  });

  test('lists its options', async () => {
    const { exitCode, out, err } = await runCli(['token', '--help']);
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    for (const option of ['user', 'room', 'grant', 'audience', 'issuer', 'ttl', 'secret-env', 'secret-stdin'])
      expect(out).toContain(`--${option}`);
  });
});

describe('sfu-relay', () => {
  test('lists its commands', async () => {
    const { exitCode, out } = await runCli(['--help']);
    expect(exitCode).toBe(0);
    expect(out).toContain('token');
  });

  test.each<[string[], string]>([
    [[], 'Name a command.'],
    [['tokens'], 'There is no command "tokens".'],
    [['constructor'], 'There is no command "constructor".'],
  ])('called with %j says what is possible', async (args, message) => {
    const { exitCode, out, err } = await runCli(args);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    expect(err).toBe(`sfu-relay: ${message}\nsfu-relay --help lists what is possible.\n`);
  });
});
