import { describe, expect, test } from 'vitest';
import { type Authenticate, type Grants, RelayError } from '../../../src/index.js';
import { fakeOffer } from '../../../src/testing/index.js';
import { until } from '../../support/poll.js';
import type { ContractStage } from '../contract-stage.js';

const HOUR_MS = 3_600_000;
export const SOON_MS = 1_000;

const encode = (claims: object): string => Buffer.from(JSON.stringify(claims)).toString('base64url');

/** A token of this suite says all that it means, readably: the application's part is not what is tested here. */
export const tokenFor = (userId: string, lifeMs: number, grants: Grants = {}): string =>
  encode({ userId, expiresAt: Date.now() + lifeMs, grants });

/** One that ends SOON_MS after it was read, however slow the machine is. */
export const tokenForSoon = (userId: string): string => encode({ userId, lifeMs: SOON_MS });

export const byToken: Authenticate = ({ token = '' }) => {
  if (token === 'down') throw new RelayError('ERR_RELAY_AUTH_UNAVAILABLE', 'Try again later.');
  const text = Buffer.from(token, 'base64url').toString();
  if (!text.startsWith('{')) return false;
  const { lifeMs, ...principal } = JSON.parse(text);
  return lifeMs === undefined ? principal : { ...principal, expiresAt: Date.now() + lifeMs };
};

const video = () => fakeOffer([{ kind: 'video', streamId: 's', trackId: 't' }]);

export function expirySuite(stage: ContractStage): void {
  const { start, open, joinParams, expectNothingLeft } = stage;

  const withToken = (token: string) => open(['sfu-relay.v1', `bearer.${token}`]);

  const joinedBy = async (token: string, overrides: object = {}) => {
    const client = await withToken(token);
    const { result, error } = await client.request('join', joinParams(overrides));
    if (!result) throw new Error(error?.message);
    return { client, sessionId: String(result.sessionId) };
  };

  /** A client whose token ends soon: by a second one, so that a slow machine has all the time to get there. */
  const expiring = async () => {
    const { client, sessionId } = await joinedBy(tokenFor('alice', HOUR_MS));
    await client.request('authenticate', { token: tokenForSoon('alice') });
    return { client, sessionId, end: Date.now() + SOON_MS };
  };

  describe('a token that expires', () => {
    test('is announced, and its client put out with 4401, its stream at the SFU closed', async () => {
      const reasons: unknown[] = [];
      await start({
        authenticate: byToken,
        hooks: { onLeave: ({ reason }) => void reasons.push([reason.by, reason.error?.code]) },
      });
      const { client } = await expiring();
      const [stream] = stage.sfu.streams;
      const { expiresInMs } = await client.notified('expiring');
      expect(expiresInMs).toBeGreaterThan(0);
      expect(expiresInMs).toBeLessThanOrEqual(SOON_MS / 2);
      expect(await client.closed).toEqual({ code: 4401, reason: 'The token has expired.' });
      expect(await stream?.ended).toBe('half-closed');
      await expectNothingLeft();
      await until('onLeave was called', () => reasons.length > 0);
      expect(reasons).toEqual([['relay', 'ERR_RELAY_EXPIRED']]);
    });

    test('puts out a client that has left its room, too', async () => {
      await start({ authenticate: byToken });
      const { client } = await expiring();
      await client.request('leave');
      expect((await client.closed).code).toBe(4401);
    });

    test('is refused where it has expired before, and says so', async () => {
      await start({ authenticate: byToken });
      const client = await open();
      const { error } = await client.request('authenticate', { token: tokenFor('alice', -1) });
      expect(error).toMatchObject({ code: -32005, data: { code: 'ERR_RELAY_EXPIRED', retryable: false } });
      expect((await client.closed).code).toBe(4401);
    });

    test('ends a session that another connection has attached, also where its own token lasts longer', async () => {
      await start({ authenticate: byToken });
      const second = await withToken(tokenFor('alice', HOUR_MS));
      const { sessionId } = await expiring();
      expect((await second.request('attach', { sessionId })).result).toMatchObject({ sessionId });
      expect((await second.closed).code).toBe(4401);
      await expectNothingLeft();
    });
  });

  describe('another token on the same connection', () => {
    test('keeps the session beyond the end of the first; the SFU hears nothing of it', async () => {
      await start({ authenticate: byToken });
      const { client, sessionId, end } = await expiring();
      await client.notified('expiring');
      const { length } = stage.sfu.received;
      const { result } = await client.request('authenticate', { token: tokenFor('alice', HOUR_MS) });
      expect(result).toEqual({ userId: 'alice' });
      await until('the first token would have expired', () => Date.now() > end + 50);
      expect((await client.request('ping')).result).toEqual({});
      expect(stage.relay.getSession(sessionId)?.state).toBe('joined');
      expect(stage.sfu.received).toHaveLength(length);
      expect(client.methods()).not.toContain('grants');
    });

    test.each([
      ['another user’s', () => tokenFor('mallory', HOUR_MS), 'ERR_RELAY_FORBIDDEN'],
      ['one for another room', () => tokenFor('alice', HOUR_MS, { room: 'attic' }), 'ERR_RELAY_FORBIDDEN'],
      ['an expired one', () => tokenFor('alice', -1), 'ERR_RELAY_EXPIRED'],
      ['none', () => undefined, 'ERR_RELAY_INVALID_PARAMS'],
      ['nonsense', () => 'nonsense', 'ERR_RELAY_UNAUTHENTICATED'],
      ['one that nobody can judge now', () => 'down', 'ERR_RELAY_AUTH_UNAVAILABLE'],
    ])('%s is refused, and the session goes on', async (_, token, code) => {
      await start({ authenticate: byToken });
      const { client, sessionId } = await joinedBy(tokenFor('alice', HOUR_MS, { canPublish: false }));
      const { error } = await client.request('authenticate', { token: token() });
      expect(error?.data?.code).toBe(code);
      expect(stage.relay.getSession(sessionId)).toMatchObject({
        state: 'joined',
        userId: 'alice',
        principal: { userId: 'alice', grants: { canPublish: false } },
      });
      const { error: stillRefused } = await client.request('offer', {
        desc: { type: 'offer', sdp: video() },
      });
      expect(stillRefused?.data?.code).toBe('ERR_RELAY_FORBIDDEN');
    });

    test('that is refused prolongs nothing', async () => {
      await start({ authenticate: byToken });
      const { client } = await expiring();
      await client.request('authenticate', { token: tokenFor('mallory', HOUR_MS) });
      expect((await client.closed).code).toBe(4401);
    });

    test('brings its grants with it: more', async () => {
      await start({ authenticate: byToken });
      const { client } = await joinedBy(tokenFor('alice', HOUR_MS, { canPublish: false }));
      const offer = { desc: { type: 'offer', sdp: video() } };
      expect((await client.request('offer', offer)).error?.data?.code).toBe('ERR_RELAY_FORBIDDEN');
      await client.request('authenticate', { token: tokenFor('alice', HOUR_MS) });
      expect((await client.request('offer', offer)).result).toMatchObject({ type: 'answer' });
    });

    test('brings its grants with it: less, and what is published already is cut off at the SFU', async () => {
      await start({ authenticate: byToken });
      const offer = { type: 'offer', sdp: video() };
      const { client, sessionId } = await joinedBy(tokenFor('alice', HOUR_MS), { offer });
      expect(stage.relay.getSession(sessionId)?.tracks).toHaveLength(1);
      await client.request('authenticate', { token: tokenFor('alice', HOUR_MS, { canPublish: false }) });
      expect(stage.relay.getSession(sessionId)?.tracks).toEqual([]);
      expect((await client.request('offer', { desc: offer })).error?.data?.code).toBe('ERR_RELAY_FORBIDDEN');
    });

    test('counts for the next room, too', async () => {
      await start({ authenticate: byToken });
      const { client } = await joinedBy(tokenFor('alice', HOUR_MS, { room: 'lobby' }));
      await client.request('leave');
      await client.request('authenticate', { token: tokenFor('alice', HOUR_MS, { room: 'attic' }) });
      expect((await client.request('join', joinParams())).error?.data?.code).toBe('ERR_RELAY_FORBIDDEN');
      expect((await client.request('join', joinParams({ sid: 'attic' }))).result).toBeDefined();
    });

    test('during a join counts once that is done', async () => {
      await start({ authenticate: byToken });
      const client = await withToken(tokenFor('alice', HOUR_MS));
      const joining = client.request('join', joinParams({ offer: { type: 'offer', sdp: video() } }));
      const token = tokenFor('alice', HOUR_MS, { canPublish: false });
      await Promise.all([joining, client.request('authenticate', { token })]);
      const { sessionId } = (await joining).result ?? {};
      expect(stage.relay.getSession(String(sessionId))?.tracks).toEqual([]);
    });

    test('counts too where the handshake had one that is still being looked at', async () => {
      let admit = () => {};
      const gate = new Promise<void>((resolve) => {
        admit = resolve;
      });
      await start({ authenticate: async (request) => gate.then(() => byToken(request)) });
      const client = await withToken(tokenFor('alice', HOUR_MS));
      const refused = client.request('authenticate', { token: tokenFor('mallory', HOUR_MS) });
      admit();
      expect((await refused).error?.data?.code).toBe('ERR_RELAY_FORBIDDEN');
    });

    test('is looked at one at a time', async () => {
      let admit = () => {};
      let calls = 0;
      const gate = new Promise<void>((resolve) => {
        admit = resolve;
      });
      await start({ authenticate: () => (++calls === 1 ? {} : gate.then(() => ({}))) });
      const client = await open();
      await client.request('ping');
      const first = client.request('authenticate', { token: 'first' });
      expect((await client.request('authenticate', { token: 'second' })).error?.data?.code).toBe(
        'ERR_RELAY_INVALID_STATE',
      );
      admit();
      expect((await first).result).toEqual({ userId: null });
      expect(calls).toBe(2);
    });
  });
}
