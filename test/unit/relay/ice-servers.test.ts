import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { anonymous, type Logger, SfuRelay, type SfuRelayOptions, turnRest } from '../../../src/index.js';
import { fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../../src/testing/index.js';

let sfu: ScriptedSfu;
let relay: SfuRelay;
let warnings: string[];

beforeEach(async () => {
  sfu = await startScriptedSfu();
  warnings = [];
});
afterEach(async () => {
  await relay.close();
  await sfu.stop();
});

const logger: Logger = {
  debug() {},
  info() {},
  error() {},
  warn: (_, message) => void warnings.push(message),
};

const join = (iceServers: unknown, options: Partial<SfuRelayOptions> = {}, signal?: AbortSignal) => {
  relay = new SfuRelay({
    sfu: { serverUrl: sfu.address },
    authenticate: anonymous(),
    iceServers: iceServers as [],
    logger,
    ...options,
  });
  const params = {
    sessionId: 's',
    roomId: 'lobby',
    userId: 'alice',
    sdp: fakeOffer(),
    principal: { userId: 'alice' },
  };
  return relay.createSession(params, { ...(signal && { signal }) });
};

describe('iceServers', () => {
  test('as a list are those of every session, and not changed later', async () => {
    const list = [{ urls: 'stun:a' }];
    const joining = join(list);
    list.push({ urls: 'stun:b' });
    expect((await joining).iceServers).toEqual([{ urls: 'stun:a' }]);
  });

  test('as a function are made for the session, while the SFU is asked', async () => {
    const session = join(async ({ signal, ...context }: { signal: AbortSignal }) => {
      await sfu.waitFor(({ received }) => received.some(({ request }) => request.payload?.$case === 'join'));
      return [
        { urls: ['turn:a', 'turns:a:443?transport=tcp'], username: JSON.stringify(context), credential: 'c' },
      ];
    });
    const [server] = (await session).iceServers;
    expect(server).toMatchObject({ urls: ['turn:a', 'turns:a:443?transport=tcp'], credential: 'c' });
    expect(JSON.parse(server?.username ?? '')).toEqual({
      sessionId: 's',
      roomId: 'lobby',
      userId: 'alice',
      role: 'publisher',
      principal: { userId: 'alice' },
    });
  });

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
    ['never answers', () => new Promise(() => {})],
    ['gives nothing', () => undefined],
    ['gives nonsense', () => [{ urls: 'https://turn.example.org' }]],
    ['gives half of it', () => [null]],
  ])('of a function that %s are none: the join goes on, and the log knows', async (_, iceServers) => {
    const session = await join(iceServers, { hookTimeoutMs: 50 });
    expect(session.iceServers).toEqual([]);
    expect(session.state).toBe('joined');
    expect(warnings).toEqual(['A session has no ICE servers']);
  });

  test('are waited for by nobody who has gone', async () => {
    const gone = new AbortController();
    let cancelled: AbortSignal | undefined;
    const joining = join(
      ({ signal }: { signal: AbortSignal }) => {
        cancelled = signal;
        return new Promise(() => {});
      },
      { hookTimeoutMs: 100 },
      gone.signal,
    );
    await sfu.waitFor(({ streams }) => [...streams].some(({ joined }) => joined));
    gone.abort();
    await expect(joining).rejects.toMatchObject({ code: 'ERR_RELAY_ABORTED' });
    await sfu.waitFor(({ streams }) => streams.size === 0);
    await expect.poll(() => cancelled?.aborted).toBe(true);
  });

  test.each([
    ['no list', {}],
    ['a scheme of another kind', [{ urls: 'http://a' }]],
    ['no URL', [{ urls: [] }]],
  ])('that are %s are refused, without telling credentials', async (_, iceServers) => {
    await join([]);
    expect(() => new SfuRelay({ ...good(), iceServers: iceServers as [] })).toThrow(
      /"iceServers" can't be used/,
    );
    const secret = [{ urls: 7, username: 'u', credential: 'secret' }] as never;
    expect(() => new SfuRelay({ ...good(), iceServers: secret })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('secret') }),
    );
  });
});

const good = () => ({ sfu: { serverUrl: sfu.address }, authenticate: anonymous() });

describe('turnRest', () => {
  test('gives each user credentials that end, as coturn checks them', async () => {
    const uris = ['turn:turn.example.org', 'turns:turn.example.org:443?transport=tcp'];
    const before = Math.floor(Date.now() / 1000);
    const { iceServers } = await join(turnRest({ secret: 'north', uris, ttlMs: 60_000 }));
    expect(iceServers).toHaveLength(1);
    const [{ urls, username = '', credential } = { urls: [] }] = iceServers;
    expect(urls).toEqual(uris);
    expect(username).toMatch(/^\d+:alice$/);
    expect(Number.parseInt(username, 10) - before).toBeGreaterThanOrEqual(60);
    expect(Number.parseInt(username, 10) - before).toBeLessThanOrEqual(62);
    expect(credential).toBe(createHmac('sha1', 'north').update(username).digest('base64'));
  });

  test.each([
    [{ secret: '', uris: ['turn:a'] }, /"secret" is missing/],
    [{ secret: 's', uris: [] }, /"uris" must be a list/],
    [{ secret: 's', uris: ['stun:a'] }, /"uris" must be a list/],
    [{ secret: 's', uris: ['turn:a'], ttlMs: 1 }, /"ttlMs"/],
  ])('says what to write instead of %j', async (options, message) => {
    await join([]);
    expect(() => turnRest(options)).toThrow(message);
  });
});
