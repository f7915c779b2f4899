import { describe, expect, test } from 'vitest';
import { LIMITS, type LimitedMessage, RelayError } from '../../../src/index.js';
import { rateLimits } from '../../../src/plugins/rate-limits/index.js';
import { fakeCandidate } from '../../../src/testing/index.js';
import { until } from '../../support/poll.js';
import type { ContractStage } from '../contract-stage.js';

const trickle = { target: 0, candidate: JSON.parse(fakeCandidate()) };
const tooMany = { data: { code: 'ERR_RELAY_TOO_MANY', retryable: true } };
const onlyConnections = { user: false, address: false, room: false } as const;

export function limitsSuite(stage: ContractStage): void {
  const { start, open, joinParams, joined, expectNothingLeft } = stage;

  describe('a rate limiter', () => {
    test('hears of a connection, then of each message, and of whose it is by then', async () => {
      const heard: Partial<LimitedMessage>[] = [];
      const consume = ({ connectionId: _, remoteAddress: __, ...message }: LimitedMessage) =>
        void heard.push(message);
      await start({ authenticate: () => ({ userId: 'alice' }), relay: { rateLimiter: { consume } } });
      const client = await open();
      await client.request('authenticate', { token: 'x' });
      await client.request('join', joinParams());
      client.notify('trickle', trickle);
      client.send('{');
      await client.request('leave');
      await client.request('ping');
      expect(heard).toEqual([
        { method: 'connect', userId: undefined, roomId: undefined },
        { method: 'authenticate', userId: undefined, roomId: undefined },
        { method: 'join', userId: 'alice', roomId: undefined },
        { method: 'trickle', userId: 'alice', roomId: 'lobby' },
        { method: 'invalid', userId: 'alice', roomId: 'lobby' },
        { method: 'leave', userId: 'alice', roomId: 'lobby' },
        { method: 'ping', userId: 'alice', roomId: undefined },
      ]);
    });

    test('refuses what is too much, with the time to wait, and nobody else is refused', async () => {
      const connection = { points: 40, durationMs: 60_000 };
      await start({ relay: { rateLimiter: rateLimits({ ...onlyConnections, connection }) } });
      const { client, stream } = await joined();
      const other = await joined({ uid: 'bob' });
      for (let n = 0; n < 30; n += 1) client.notify('trickle', trickle);
      const { error } = await client.request('ping');
      expect(error).toMatchObject(tooMany);
      expect(error?.data?.retryAfterMs).toBeGreaterThan(50_000);
      const refused = client.received.filter(({ id, error }) => id === null && error);
      expect(refused[0]?.error).toMatchObject({ data: { ...tooMany.data, method: 'trickle' } });
      expect(stream.requests('trickle').length).toBeLessThan(20);
      expect((await other.client.request('ping')).result).toEqual({});
    });

    test(`closes with 4429 a client that is refused more than ${LIMITS.maxRefusedMessages} times in a row`, async () => {
      const connection = { points: 30, durationMs: 60_000 };
      await start({ relay: { rateLimiter: rateLimits({ ...onlyConnections, connection }) } });
      const { client, stream } = await joined();
      for (let n = 0; n < 5; n += 1) expect((await client.request('ping')).result).toEqual({});
      for (let n = 1; n < LIMITS.maxRefusedMessages; n += 1) client.notify('ping');
      expect((await client.request('ping')).error).toMatchObject(tooMany);
      client.notify('ping');
      expect(await client.closed).toEqual({
        code: 4429,
        reason: 'Too many messages on this connection: try again in a moment.',
      });
      expect(await stream.ended).toBe('half-closed');
      await expectNothingLeft();
    });

    test('refuses a connection before anybody is asked who it is', async () => {
      let asked = 0;
      const consume = ({ method }: LimitedMessage) => {
        if (method === 'connect') throw new RelayError('ERR_RELAY_TOO_MANY', 'Not so fast.');
      };
      await start({ authenticate: () => ({ userId: `${++asked}` }), relay: { rateLimiter: { consume } } });
      const client = await open(['sfu-relay.v1', 'bearer.x']);
      expect(await client.closed).toEqual({ code: 4429, reason: 'Not so fast.' });
      expect(asked).toBe(0);
    });

    test('tells those whom it refuses different times, in this window and in later ones', async () => {
      const arrivals = { points: 25, durationMs: 60_000 };
      await start({ relay: { rateLimiter: rateLimits({ connection: false, address: false, arrivals }) } });
      await joined();
      const told = await Promise.all(
        Array.from({ length: 8 }, async () => {
          const client = await open();
          const { error } = await client.next(({ error }) => error?.data?.closeCode === 4429);
          await client.closed;
          return error?.data?.retryAfterMs ?? 0;
        }),
      );
      expect(new Set(told).size).toBeGreaterThan(4);
      expect(Math.max(...told)).toBeGreaterThan(arrivals.durationMs);
    });

    test('lets those in who come from one address at once and wait as they are told', async () => {
      const arrivals = { points: 25, durationMs: 200 };
      await start({ relay: { rateLimiter: rateLimits({ connection: false, address: false, arrivals }) } });
      const comeIn = async (uid: string): Promise<object | undefined> => {
        const client = await open();
        for (;;) {
          const { result, error } = await client
            .request('join', joinParams({ uid }))
            .catch(() => client.next(({ error }) => error?.data?.closeCode === 4429));
          if (result) return result;
          const retryAfterMs = error?.data?.retryAfterMs;
          await new Promise((resolve) => setTimeout(resolve, retryAfterMs));
          if (error?.data?.closeCode) return comeIn(uid);
        }
      };
      const results = await Promise.all(Array.from({ length: 8 }, (_, n) => comeIn(`user-${n}`)));
      expect(results).toEqual(Array(8).fill(expect.objectContaining({ type: 'answer' })));
    });

    test('leaves a client that is to join later its connection for so long', async () => {
      let joins = 0;
      const consume = ({ method }: LimitedMessage) => {
        if (method === 'join' && joins++ === 0)
          throw new RelayError('ERR_RELAY_TOO_MANY', 'Later.', { retryAfterMs: 500 });
      };
      await start({ handshakeTimeoutMs: 200, relay: { rateLimiter: { consume } } });
      const client = await open();
      const { error } = await client.request('join', joinParams());
      await new Promise((resolve) => setTimeout(resolve, error?.data?.retryAfterMs));
      expect((await client.request('join', joinParams())).result).toBeDefined();
    });

    test("that is slow keeps a connection's messages in their order, and others don't wait", async () => {
      let decide = () => {};
      let held = 0;
      const consume = ({ method, userId }: LimitedMessage) => {
        if (method !== 'update' || userId !== 'alice' || held++ > 0) return;
        return new Promise<void>((resolve) => (decide = resolve));
      };
      const authenticate = ({ token }: { token: string | undefined }) => ({ userId: `${token}` });
      await start({ authenticate, relay: { rateLimiter: { consume } } });
      const alice = await open(['sfu-relay.v1', 'bearer.alice']);
      const bob = await open(['sfu-relay.v1', 'bearer.bob']);
      await alice.request('join', joinParams());
      await bob.request('join', joinParams());
      const answers: string[] = [];
      const params: Record<string, object> = { update: {}, stats: { report: [] } };
      const requests = ['update', 'ping', 'stats', 'ping'].map(async (method) => {
        await alice.request(method, params[method]);
        answers.push(method);
      });
      await until('it is asked', () => held);
      expect((await bob.request('ping')).result).toEqual({});
      expect(answers).toEqual([]);
      decide();
      await Promise.all(requests);
      expect(answers).toEqual(['update', 'ping', 'stats', 'ping']);
    });

    test('lets a bounded number wait, and closes the connection of a client that goes on and on', async () => {
      const consume = ({ method }: LimitedMessage) =>
        method === 'ping' ? new Promise<void>(() => {}) : undefined;
      await start({ maxQueuedMessages: 8, relay: { rateLimiter: { consume } } });
      const { client } = await joined();
      for (let n = 0; n < 9; n += 1) client.notify('ping');
      expect((await client.next(({ error }) => error !== undefined)).error).toMatchObject(tooMany);
      for (let n = 0; n < LIMITS.maxRefusedMessages; n += 1) client.notify('ping');
      expect((await client.closed).code).toBe(4429);
      await expectNothingLeft();
    });

    test.each([
      ['throws', () => fail()],
      ['rejects', () => Promise.reject(new Error('the store is down'))],
      ['hangs', () => new Promise<void>(() => {})],
    ])('that %s stops nobody', async (_, consume) => {
      await start({ relay: { rateLimiter: { consume }, hookTimeoutMs: 20 } });
      const { client } = await joined();
      expect((await client.request('ping')).result).toEqual({});
    });
  });

  describe('counts', () => {
    test("a user's sessions, in all rooms, those that are joining as well", async () => {
      await start({ relay: { limits: { maxSessionsPerUser: 2 } } });
      const one = await joined({ sid: 'one' });
      const { sfu } = stage;
      const { onJoin } = sfu.script;
      sfu.script.onJoin = () => {};
      const joining = await open();
      joining.notify('join', joinParams({ sid: 'two' }));
      await until('it is joining', () => stage.relay.sessions.size === 2);
      sfu.script.onJoin = onJoin;
      const client = await open();
      const { error } = await client.request('join', joinParams({ sid: 'three' }));
      expect(error).toMatchObject({
        ...tooMany,
        message: 'Too many sessions: you have 2 already, leave one first.',
      });
      await joined({ uid: 'bob' });
      // One that has left is none any more, however long the SFU takes to see it.
      sfu.script.onHalfClose = () => {};
      one.client.vanish();
      await until('it has left', () => stage.relay.sessions.get(one.sessionId)?.state !== 'joined');
      expect((await client.request('join', joinParams({ sid: 'three' }))).result).toBeDefined();
    });

    test("a room's participants, and lets in who is hidden", async () => {
      const authenticate = ({ token }: { token: string | undefined }) => ({
        grants: { hidden: token === 'moderator' },
      });
      await start({ authenticate, relay: { limits: { maxParticipantsPerRoom: 1 } } });
      await joined();
      const moderator = await open(['sfu-relay.v1', 'bearer.moderator']);
      expect((await moderator.request('join', joinParams({ uid: 'm' }))).result).toBeDefined();
      const client = await open();
      const { error } = await client.request('join', joinParams({ uid: 'bob' }));
      expect(error).toMatchObject({ ...tooMany, message: 'The room is full: 1 are in it already.' });
      expect((await client.request('join', joinParams({ uid: 'bob', sid: 'attic' }))).result).toBeDefined();
    });

    test('not the session that a new one of the same user replaces', async () => {
      const limits = { maxSessionsPerUser: 1, maxParticipantsPerRoom: 1 };
      await start({ relay: { duplicateUser: 'replace', limits } });
      const one = await joined();
      await joined();
      expect((await one.client.closed).code).toBe(4409);
    });

    test('rooms', async () => {
      await start({ relay: { limits: { maxRooms: 1 } } });
      await joined();
      await joined({ uid: 'bob' });
      const client = await open();
      const { error } = await client.request('join', joinParams({ sid: 'attic' }));
      expect(error).toMatchObject({
        ...tooMany,
        message: 'No more rooms can be opened: there are 1 already.',
      });
    });

    test('the connections of an address', async () => {
      await start({ trustProxy: 1, relay: { limits: { maxConnectionsPerAddress: 1 } } });
      const from = (address: string) => open(undefined, { 'x-forwarded-for': address });
      const one = await from('2001:db8::1');
      await one.request('ping');
      expect(await (await from('2001:db8::2')).closed).toEqual({
        code: 4429,
        reason: 'Too many connections from your address: there are 1 already.',
      });
      expect((await (await from('192.0.2.1')).request('ping')).result).toEqual({});
      await one.close();
      await until('there is room again', async () =>
        (await from('2001:db8::2')).request('ping').catch(() => undefined),
      );
    });
  });
}

function fail(): never {
  throw new Error('the store is down');
}
