import { describe, expect, test, vi } from 'vitest';
import { type Authenticate, RelayError } from '../../../src/index.js';
import { unauthorized } from '../../support/unauthorized.js';
import type { ContractStage } from '../contract-stage.js';

export function authenticationSuite(stage: ContractStage): void {
  const { start, open, joinParams } = stage;

  describe('authentication', () => {
    const bySecret: Authenticate = ({ token }) => {
      if (token !== 'secret') throw unauthorized(`bad token ${token}: do not tell`);
      return { userId: '789', grants: { room: 'lobby' } };
    };

    test.each([
      ['the Authorization header', () => open([], { authorization: 'Bearer secret' })],
      ['a subprotocol entry', () => open(['sfu-relay.v1', 'bearer.secret'])],
      ['the query', () => open([], {}, '?token=secret')],
    ])('takes the token from %s; what it says of the user wins', async (_, connect) => {
      await start({ authenticate: bySecret });
      const client = await connect();
      const { result } = await client.request('join', joinParams({ uid: 'mallory' }));
      expect(result).toMatchObject({ userId: '789', roomId: 'lobby' });
    });

    test.each([undefined, null, ''])(
      'lets nobody in as the user %j: a client could otherwise name itself',
      async (userId) => {
        await start({ authenticate: (() => ({ userId })) as unknown as Authenticate });
        const client = await open();
        client.send({ id: 1, method: 'join', params: joinParams({ uid: 'alice' }) });
        await client.closed;
        expect(stage.relay.sessions.size).toBe(0);
      },
    );

    test('a whole number names the user by its digits, and the principal stays as it was returned', async () => {
      const principal = Object.freeze({ userId: 789, plan: 'gold' });
      await start({ authenticate: () => principal });
      const client = await open();
      expect((await client.request('authenticate', { token: 'any' })).result).toEqual({ userId: '789' });
      const { result } = await client.request('join', joinParams({ uid: 'mallory' }));
      expect(result).toMatchObject({ userId: '789' });
      expect([...stage.relay.sessions.values()].map((session) => session.principal)).toEqual([principal]);
      // A newer token may say the same in the other way.
      expect((await client.request('authenticate', { token: 'newer' })).result).toEqual({ userId: '789' });
    });

    test('a number and its digits are the same user', async () => {
      await start({ authenticate: ({ token }) => ({ userId: token === 'number' ? 789 : '789' }) });
      const client = await open(['sfu-relay.v1', 'bearer.number']);
      await client.request('join', joinParams());
      expect(await client.request('authenticate', { token: 'digits' })).toMatchObject({
        result: { userId: '789' },
      });
    });

    test.each<[string, unknown]>([
      ['an object', { id: 7 }],
      ['too long', 'x'.repeat(129)],
      ['a control character', 'a\u0000b'],
      ['not a number', Number.NaN],
    ])("a user that is %s is the operator's affair: the client gets a plain sentence", async (_, userId) => {
      const error = vi.fn();
      const logger = { debug() {}, info() {}, warn() {}, error };
      await start({
        authenticate: (() => ({ userId })) as unknown as Authenticate,
        relay: { logger },
      });
      const client = await open();
      const answer = await client.request('join', joinParams());
      expect(answer.error).toMatchObject({
        message: 'Authentication is misconfigured on this server.',
        data: { code: 'ERR_RELAY_INTERNAL' },
      });
      await client.closed;
      const [{ err }] = error.mock.calls[0] as [{ err: RelayError }];
      expect(String(err.cause)).toMatch(/"userId" must be a string of 1 to 128 characters/);
    });

    test('takes the token from a first authenticate request', async () => {
      await start({ authenticate: bySecret });
      const client = await open();
      expect((await client.request('authenticate', { token: 'secret' })).result).toEqual({ userId: '789' });
      expect((await client.request('join', joinParams())).result).toMatchObject({ userId: '789' });
    });

    test('answers what came while it was under way, in order', async () => {
      let admit = () => {};
      const gate = new Promise<void>((resolve) => {
        admit = resolve;
      });
      await start({ authenticate: () => gate.then(() => ({ userId: '1' })) });
      const client = await open();
      const answers = Promise.all([client.request('ping'), client.request('join', joinParams())]);
      admit();
      await answers;
      expect(client.received.map(({ id }) => id).slice(0, 2)).toEqual([1, 2]);
    });

    test('closes with 4401 and a plain sentence, the reason kept from the client', async () => {
      await start({ authenticate: bySecret });
      const client = await open(['sfu-relay.v1', 'bearer.wrong']);
      expect(await client.closed).toEqual({ code: 4401, reason: 'Authentication failed.' });
    });

    test('answers the request first, where it was asked by one', async () => {
      await start({ authenticate: bySecret });
      const client = await open();
      expect(await client.request('authenticate', { token: 'wrong' })).toMatchObject({
        error: {
          code: -32001,
          message: 'Authentication failed.',
          data: { code: 'ERR_RELAY_UNAUTHENTICATED' },
        },
      });
      expect((await client.closed).code).toBe(4401);
    });

    test('a RelayError of the application reaches the client as it is', async () => {
      await start({
        authenticate: () => {
          throw new RelayError('ERR_RELAY_FORBIDDEN', 'Your subscription ended yesterday.');
        },
      });
      const client = await open(['sfu-relay.v1', 'bearer.x']);
      expect(await client.closed).toEqual({ code: 4403, reason: 'Your subscription ended yesterday.' });
    });

    test('cuts a long reason by bytes, not within a character', async () => {
      await start({
        authenticate: () => {
          throw new RelayError('ERR_RELAY_FORBIDDEN', `a${'é'.repeat(100)}`);
        },
      });
      const client = await open(['sfu-relay.v1', 'bearer.x']);
      expect((await client.closed).reason).toBe(`a${'é'.repeat(61)}`);
    });

    test('a client that says nothing is closed with 4408', async () => {
      await start({ handshakeTimeoutMs: 50 });
      const client = await open();
      expect((await client.closed).code).toBe(4408);
    });

    test('grants are enforced: another room is refused, the connection stays', async () => {
      await start({ authenticate: () => ({ userId: '1', grants: { room: 'lobby', canPublish: false } }) });
      const client = await open();
      const elsewhere = await client.request('join', joinParams({ sid: 'vault' }));
      expect(elsewhere.error).toMatchObject({ code: -32003, data: { code: 'ERR_RELAY_FORBIDDEN' } });
      const asPublisher = await client.request('join', joinParams({ role: 'publisher' }));
      expect(asPublisher.error?.data?.code).toBe('ERR_RELAY_FORBIDDEN');
      expect((await client.request('join', joinParams())).result).toMatchObject({ role: 'subscriber' });
    });
  });
}
