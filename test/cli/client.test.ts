import { createServer } from 'node:http';
import { SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { type ConnectionOptions, RelayError, type SfuRelayOptions } from '../../src/index.js';
import { jwt } from '../../src/plugins/auth/index.js';
import { fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../src/testing/index.js';
import { runCli } from '../support/cli.js';
import { closeServer, listen } from '../support/listen.js';
import { startRelay } from '../support/relay-server.js';
import { check, documentedFaultOf, faultOf } from './check.js';
import { useResources } from './resources.js';

const SECRET = 'a secret of thirty-two bytes, or more';

async function tokenOf(...args: string[]): Promise<string> {
  const { out, err } = await runCli(['token', '--user', 'alice', ...args], { env: { LIVE_SECRET: SECRET } });
  if (err !== '') throw new Error(err);
  return out.trimEnd();
}

describe('of the client, check', () => {
  const started = useResources();
  let sfu: ScriptedSfu;

  beforeEach(async () => {
    sfu = await startScriptedSfu();
  });
  afterEach(() => sfu.stop());

  async function start(options: Partial<SfuRelayOptions> = {}, connections: ConnectionOptions = {}) {
    const relay = await startRelay(sfu.address, options, connections);
    started(relay, () => relay.close());
    return relay.url;
  }

  const startWithTokens = () => start({ authenticate: jwt({ secret: SECRET, audience: 'live' }) });

  test('says that a token was accepted', async () => {
    const { found } = await check(await startWithTokens(), '--token', await tokenOf('--audience', 'live'));
    expect(found).toContain('auth ok');
    expect(found).toContain('join ok');
  });

  test('names a missing token', async () => {
    const said = await faultOf(await startWithTokens(), 'auth', 'token-missing');
    expect(said).toContain('Write --token');
  });

  test('names an expired token, and since when', async () => {
    const expired = await new SignJWT({ video: { roomJoin: true } })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('alice')
      .setAudience('live')
      .setExpirationTime('10 minutes ago')
      .sign(new TextEncoder().encode(SECRET));
    const said = await documentedFaultOf(
      await startWithTokens(),
      'auth',
      'token-expired',
      '--token',
      expired,
    );
    expect(said).toContain('The token has expired 10 min ago.');
  });

  test('names a wrong audience, if it is told the right one', async () => {
    const token = await tokenOf('--audience', 'staging');
    const args = ['--token', token, '--audience', 'live'];
    const said = await documentedFaultOf(await startWithTokens(), 'auth', 'wrong-audience', ...args);
    expect(said).toContain('for the audience "staging", not for "live"');
  });

  test('says what a refused token has, and where the reason is logged', async () => {
    const token = await tokenOf('--audience', 'staging');
    const said = await documentedFaultOf(await startWithTokens(), 'auth', 'token-refused', '--token', token);
    expect(said).toContain('aud "staging"');
    expect(said).toContain('"A connection is closed"');
  });

  test('finds the reason of a refused token in the log that it names', async () => {
    const logged: string[] = [];
    const silent = () => {};
    const info = (fields: { err?: Error }, message: string) =>
      logged.push(`${message}: ${fields.err?.cause}`);
    const authenticate = jwt({ secret: SECRET, audience: 'live' });
    const url = await start({
      authenticate,
      logger: { debug: silent, info, warn: silent, error: silent } as never,
    });
    await check(url, '--token', await tokenOf('--audience', 'staging'));
    expect(logged.join('\n')).toMatch(/A connection is closed: .*aud/);
  });

  test('names a token that is no JSON Web Token', async () => {
    const said = await faultOf(await startWithTokens(), 'auth', 'token-refused', '--token', 'abc');
    expect(said).toContain('It is no JSON Web Token.');
  });

  test('names authentication that fails', async () => {
    const authenticate = () => Promise.reject(new Error('the database is down'));
    const said = await faultOf(await start({ authenticate }), 'auth', 'authentication-unavailable');
    expect(said).toContain('the relay logs the reason');
  });

  test('names a page whose origin is foreign', async () => {
    const url = await start({}, { allowedOrigins: ['https://live.example.org'] });
    const said = await documentedFaultOf(
      url,
      'auth',
      'foreign-origin',
      '--origin',
      'https://www.example.org',
    );
    expect(said).toContain('refuses pages of https://www.example.org');
    expect(said).toContain('allowedOrigins');
    const { found } = await check(url, '--origin', 'https://live.example.org');
    expect(found).toContain('auth ok');
  });

  test('names a room that the token does not allow', async () => {
    const token = await tokenOf('--audience', 'live', '--room', 'lobby');
    const url = await startWithTokens();
    expect(await faultOf(url, 'join', 'refused', '--token', token)).toContain('--room <name>');
    const { found } = await check(url, '--token', token, '--room', 'lobby');
    expect(found).toContain('join ok');
  });

  test('names a limit that is used up', async () => {
    const relay = await startRelay(sfu.address, { limits: { maxRooms: 1 } });
    started(relay, () => relay.close());
    await relay.relay.createSession({ roomId: 'lobby', userId: 'bob', sdp: fakeOffer() });
    expect(await faultOf(relay.url, 'join', 'too-many')).toContain('docs/LIMITS.md');
  });

  test("passes the application's refusal on", async () => {
    const onJoin = () => {
      throw new RelayError('ERR_RELAY_FORBIDDEN', 'You have no ticket.');
    };
    expect(await faultOf(await start({ hooks: { onJoin } }), 'join', 'refused')).toContain(
      'You have no ticket.',
    );
  });

  test('names a WebSocket server that is no relay', async () => {
    const server = createServer();
    const other = new WebSocketServer({ server, handleProtocols: () => 'sfu-relay.v1' });
    other.on('connection', (socket) => socket.send('hello'));
    const port = await listen(server);
    started(server, closeServer);
    const args = ['--timeout', '500ms'];
    await faultOf(`ws://127.0.0.1:${port}/rtc`, 'auth', 'not-a-relay', ...args);
  });

  test('leaves the room, in which it was a viewer', async () => {
    const joined: unknown[] = [];
    const left: unknown[] = [];
    const url = await start({
      hooks: {
        onJoin: ({ roomId, role }) => {
          joined.push({ roomId, role });
        },
        onLeave: ({ session }) => {
          left.push(session.roomId);
        },
      },
    });
    await check(url);
    expect(joined).toEqual([{ roomId: expect.stringMatching(/^sfu-relay-check-/), role: 'subscriber' }]);
    expect(left).toHaveLength(1);
  });
});
