import { describe, expect, test } from 'vitest';
import type { Authenticate, Session } from '../../../src/index.js';
import { fakeAnswer, fakeOffer } from '../../../src/testing/index.js';
import { eventually } from '../../support/eventually.js';
import { unauthorized } from '../../support/unauthorized.js';
import type { ContractStage } from '../contract-stage.js';

/** The token is the user. */
const byToken: Authenticate = ({ token }) => {
  if (!token) throw unauthorized('no token');
  return { userId: token };
};

export function attachingSuite(stage: ContractStage): void {
  const { start, open, joined } = stage;
  const as = (user: string) => open(['sfu-relay.v1', `bearer.${user}`]);

  /** Created by the application, without any connection. */
  async function created(userId: string): Promise<Session> {
    return stage.relay.createSession({
      roomId: 'lobby',
      userId,
      sdp: fakeOffer(),
      principal: { userId },
    });
  }

  describe('attaching to a session', () => {
    test('gives the answer and the room, then what the SFU has said meanwhile', async () => {
      await start({ authenticate: byToken });
      const session = await created('alice');
      const client = await as('alice');
      const { result } = await client.request('attach', { sessionId: session.id });
      expect(result).toMatchObject({
        type: 'answer',
        sessionId: session.id,
        userId: 'alice',
        participants: [],
      });
      const { sdp } = await client.notified('offer');
      client.notify('answer', { desc: { type: 'answer', sdp: fakeAnswer(String(sdp)) } });
      await stage.sfu.waitFor(({ streams }) =>
        [...streams].some((stream) => stream.requests('description').length === 1),
      );
      expect(client.received[0]?.result).toBeDefined();
    });

    test('ends the session with the connection', async () => {
      await start({ authenticate: byToken });
      const session = await created('alice');
      const client = await as('alice');
      await client.request('attach', { sessionId: session.id });
      await client.close();
      await stage.expectNothingLeft();
    });

    test('may be repeated by its connection, as after a refused rejoin, and tells the same again', async () => {
      await start({ authenticate: byToken });
      const session = await created('alice');
      const client = await as('alice');
      const attach = () => client.request('attach', { sessionId: session.id, capabilities: ['rejoin'] });
      const before = await attach();
      const offered = await client.notified('offer');
      const wrong = { peer: 2, offer: { type: 'offer', sdp: 'none' } };
      expect((await client.request('rejoin', wrong)).error?.data?.code).toBe('ERR_RELAY_INVALID_SDP');
      expect((await attach()).result).toEqual(before.result);
      const offers = () =>
        client.received.flatMap(({ method, params }) => (method === 'offer' ? [params] : []));
      await eventually(() => expect(offers()).toEqual([offered, offered]));
      const { error } = await client.request('attach', { sessionId: 'another' });
      expect(error?.data?.code).toBe('ERR_RELAY_INVALID_STATE');
      const offer = { type: 'offer', sdp: fakeOffer() };
      expect((await client.request('rejoin', { peer: 3, offer })).result).toMatchObject({ peer: 3 });
    });

    test('takes it over from another connection, which is closed with 4409', async () => {
      const { client: first, sessionId, sessionToken, stream } = await joined();
      const second = await open();
      const { result } = await second.request('attach', { sessionId, sessionToken });
      expect(result).toMatchObject({ sessionId });
      expect(result).not.toHaveProperty('sessionToken');
      expect(await first.closed).toEqual({
        code: 4409,
        reason: 'Another connection serves the session now.',
      });
      expect((await second.request('update', { metadata: { hand: 'up' } })).result).toEqual({});
      expect(stream.isOpen).toBe(true);
    });

    test("is refused for another user's, and for one that is not there; the connection goes on", async () => {
      await start({ authenticate: byToken });
      const session = await created('alice');
      const mallory = await as('mallory');
      const attach = async (sessionId: unknown) =>
        (await mallory.request('attach', { sessionId })).error?.data?.code;
      expect(await attach(session.id)).toBe('ERR_RELAY_FORBIDDEN');
      expect(await attach('nothing')).toBe('ERR_RELAY_SESSION_NOT_FOUND');
      expect(await attach({})).toBe('ERR_RELAY_SESSION_NOT_FOUND');
      expect((await mallory.request('ping')).result).toEqual({});
      expect(session.state).toBe('joined');
    });

    test('is refused where the connection has a session', async () => {
      const { client } = await joined();
      const other = await joined({ uid: 'bob' });
      const { error } = await client.request('attach', { sessionId: other.sessionId });
      expect(error?.data?.code).toBe('ERR_RELAY_INVALID_STATE');
    });

    test('where the application names no user, needs the session token, which only the join gives', async () => {
      const { sessionId, sessionToken, stream } = await joined();
      const other = await joined({ uid: 'mallory' });
      await other.client.request('leave');
      const attach = async (params: object) => {
        const { error } = await other.client.request('attach', { sessionId, ...params });
        return [error?.data?.code, error?.message];
      };
      expect(sessionToken).toMatch(/^[\w-]{43}$/);
      expect(sessionToken).not.toBe(other.sessionToken);
      expect(await attach({})).toEqual(['ERR_RELAY_FORBIDDEN', expect.stringMatching(/"sessionToken"/)]);
      const changed = sessionToken.slice(0, -1) + (sessionToken.endsWith('A') ? 'E' : 'A');
      for (const wrong of [other.sessionToken, changed, sessionToken.slice(1), '', null, 5, [sessionToken]])
        expect(await attach({ sessionToken: wrong })).toEqual([
          'ERR_RELAY_FORBIDDEN',
          'The session token is not the one of this session.',
        ]);
      expect(stream.isOpen).toBe(true);
      expect(await attach({ sessionToken })).toEqual([undefined, undefined]);
    });

    test('needs the same token of authentication too, where the application names no user', async () => {
      await start({ authenticate: () => ({}) });
      const owner = await as('one');
      const { result } = await owner.request('join', stage.joinParams());
      const { sessionId, sessionToken } = result ?? {};
      const attach = async (token: string) =>
        (await (await as(token)).request('attach', { sessionId, sessionToken })).error?.data?.code;
      expect(await attach('two')).toBe('ERR_RELAY_FORBIDDEN');
      // The owner goes on by a newer one: its session token stays.
      expect((await owner.request('authenticate', { token: 'three' })).error).toBeUndefined();
      expect(await attach('one')).toBe('ERR_RELAY_FORBIDDEN');
      expect(await attach('three')).toBeUndefined();
    });

    test('of a user that the application names, needs none, and a wrong one is refused', async () => {
      await start({ authenticate: byToken });
      const owner = await as('alice');
      const { result } = await owner.request('join', stage.joinParams());
      const { sessionId, sessionToken } = result ?? {};
      const attach = async (token?: unknown) =>
        (await (await as('alice')).request('attach', { sessionId, sessionToken: token })).error?.data?.code;
      expect(await attach('x'.repeat(43))).toBe('ERR_RELAY_FORBIDDEN');
      expect(await attach(sessionToken)).toBeUndefined();
      expect(await attach()).toBeUndefined();
    });

    test('that the application has created: its named user reaches it, and where it names none nobody does', async () => {
      const session = await stage.relay.createSession({ roomId: 'lobby', userId: 'alice', sdp: fakeOffer() });
      const { client, sessionToken } = await joined();
      await client.request('leave');
      for (const params of [{}, { sessionToken }]) {
        const { error } = await client.request('attach', { sessionId: session.id, ...params });
        expect(error?.data?.code).toBe('ERR_RELAY_FORBIDDEN');
      }
    });
  });
}
