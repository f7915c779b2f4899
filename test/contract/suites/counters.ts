import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { RelayError } from '../../../src/index.js';
import { rateLimits } from '../../../src/plugins/rate-limits/index.js';
import { fakeCandidate } from '../../../src/testing/index.js';
import { counted } from '../../support/counted.js';
import { until } from '../../support/poll.js';
import { unauthorized } from '../../support/unauthorized.js';
import type { ContractStage } from '../contract-stage.js';

const trickle = { target: 0, candidate: JSON.parse(fakeCandidate()) };

export function countersSuite(stage: ContractStage): void {
  const { start, open, joinParams, joined } = stage;
  const counters = () => stage.relay.counters;

  describe('what is counted', () => {
    test('messages in both directions, by method, and their bytes', async () => {
      const { client } = await joined();
      await client.request('message', { kind: 'chat', data: { text: '你好' } });
      await client.request('ping');
      client.notify('trickle', trickle);
      client.notify('trickle', trickle);
      client.send('{');
      client.send({ method: 'constructor', id: 'other' });
      await client.next(({ id }) => id === 'other');

      const { received, sent, receivedBytes, sentBytes } = counters();
      expect(counted(received)).toEqual({ join: 1, message: 1, ping: 1, trickle: 2, invalid: 1, other: 1 });
      expect(receivedBytes.value).toBe(client.bytesSent);
      expect(counted(sent)).toMatchObject({ result: 3, error: 2, message: 1 });
      await until('all has arrived', () => sentBytes.value === client.bytesReceived);
      expect(sum(sent)).toBe(client.received.length);
    });

    test('refusals, by the error', async () => {
      const { client } = await joined();
      await client.request('join', joinParams());
      await client.request('nothing');
      client.notify('trickle', {});
      client.notify('answer', {});
      await client.request('ping');
      expect(counted(counters().refused)).toEqual({
        ERR_RELAY_INVALID_STATE: 1,
        ERR_RELAY_METHOD_NOT_FOUND: 1,
        ERR_RELAY_INVALID_PARAMS: 2,
      });
    });

    test('joins by their outcome, with the time that they and the SFU took', async () => {
      await joined();
      stage.sfu.script.onJoin = (stream) => stream.fail(status.INTERNAL, 'no');
      const client = await open();
      expect((await client.request('join', joinParams())).error).toBeDefined();
      expect((await client.request('join', joinParams({ offer: {} }))).error).toBeDefined();

      const { joins, sfuReplies } = counters();
      // What is not even a join is a message that was refused.
      expect(counted(joins)).toEqual({ ok: 1, ERR_RELAY_SFU_STREAM_ENDED: 1 });
      expect([...joins.durations].map(([outcome, { count }]) => [outcome, count])).toEqual([
        ['ok', 1],
        ['ERR_RELAY_SFU_STREAM_ENDED', 1],
      ]);
      expect(sfuReplies.join.count).toBe(1);
      expect(sfuReplies.join.sum).toBeLessThanOrEqual(joins.durations.get('ok')?.sum ?? 0);
    });

    test("the SFU's replies to later offers and subscriptions", async () => {
      const { client } = await joined();
      await client.request('offer', { desc: joinParams().offer });
      await client.request('subscribe', { subscriptions: [] });
      const { offer, subscribe } = counters().sfuReplies;
      expect([offer.count, subscribe.count]).toEqual([1, 0]);
    });

    test('sessions that end, by who ended them and why, and how long they lasted', async () => {
      const left = await joined();
      await left.client.request('leave');
      const closed = await joined();
      await stage.relay.closeSession(closed.sessionId);
      const lost = await joined();
      lost.stream.fail(status.INTERNAL, 'no');
      await lost.client.closed;
      await joined({ uid: 'bob' });
      await stage.relay.rooms.get('lobby')?.kick('bob');
      const failing = await open();
      stage.sfu.script.onJoin = (stream) => stream.fail(status.INTERNAL, 'no');
      await failing.request('join', joinParams());

      const { sessionsEnded, sessionDurations } = counters();
      expect(counted(sessionsEnded.client)).toEqual({ none: 1 });
      expect(counted(sessionsEnded.application)).toEqual({ none: 1, ERR_RELAY_REMOVED: 1 });
      expect(counted(sessionsEnded.sfu)).toEqual({ ERR_RELAY_SFU_STREAM_ENDED: 1 });
      expect(counted(sessionsEnded.relay)).toEqual({});
      expect(sessionDurations.count).toBe(4);
    });

    test('peers that the SFU kept, once they are removed', async () => {
      const { stream } = await joined();
      stream.fail(status.INTERNAL, 'no');
      await until('it is removed', () => counters().abandonedPeers.get('removed') === 1);
      stage.sfu.script.onJoin = (other) => other.fail(status.INTERNAL, 'no');
      const client = await open();
      await client.request('join', joinParams());
      await until('it could not be', () => counters().abandonedPeers.get('left') === 1);
    });

    test('connections, by the code that they were closed with, and who sent it first', async () => {
      await start({ authenticate: () => Promise.reject(unauthorized('who?')) });
      const refused = await open(['sfu-relay.v1', 'bearer.x']);
      await refused.closed;
      const leaving = await open();
      await leaving.close(1000);
      const odd = await open();
      await odd.close(4999);
      const vanishing = await open();
      vanishing.vanish();
      const { connectionsOpened, connectionsClosed } = counters();
      await until('it is noticed', () => connectionsClosed.client.get('1006') === 1);
      expect(connectionsOpened.value).toBe(4);
      expect(counted(connectionsClosed.relay)).toEqual({ '4401': 1 });
      expect(counted(connectionsClosed.client)).toEqual({ '1000': 1, '1006': 1, other: 1 });
    });

    test('authentications, by their outcome', async () => {
      await start({
        authenticate: ({ token }) => {
          if (token === 'late') throw new RelayError('ERR_RELAY_EXPIRED', 'Too late.');
          if (token !== 'right') throw unauthorized('who?');
          return { userId: 'alice' };
        },
      });
      const client = await open(['sfu-relay.v1', 'bearer.right']);
      await client.request('authenticate', { token: 'right' });
      for (const token of ['wrong', 'late']) await (await open(['sfu-relay.v1', `bearer.${token}`])).closed;
      const { authentications } = counters();
      expect(counted(authentications)).toEqual({
        ok: 2,
        ERR_RELAY_UNAUTHENTICATED: 1,
        ERR_RELAY_EXPIRED: 1,
      });
      expect(authentications.durations.get('ok')?.count).toBe(2);
    });

    test("what the rate limiter refuses, by method, and the limiter's own failures", async () => {
      const connection = { points: 2, durationMs: 60_000, costs: { '*': 0, ping: 1 } };
      const { consume } = rateLimits({ user: false, address: false, connection });
      await start({
        relay: {
          rateLimiter: {
            consume: (message) => {
              if (message.method === 'leave') throw new Error('the store is down');
              return consume(message);
            },
          },
        },
      });
      const client = await open();
      for (let n = 0; n < 5; n += 1) await client.request('ping');
      await client.request('leave');
      const { rateLimited, rateLimiterFailures, refused } = counters();
      expect(counted(rateLimited)).toEqual({ ping: 3 });
      expect(refused.get('ERR_RELAY_TOO_MANY')).toBe(3);
      expect(rateLimiterFailures.value).toBe(1);
    });

    test('hooks that fail, by what is wrong with them; a refusal is no failure', async () => {
      const answers: Record<string, () => unknown> = {
        refuses: () => {
          throw new RelayError('ERR_RELAY_FORBIDDEN', 'No.');
        },
        throws: () => {
          throw new Error('a fault');
        },
        hangs: () => new Promise(() => {}),
        nonsense: () => 5,
      };
      await start({
        hookTimeoutMs: 20,
        hooks: {
          onJoin: ({ userId }) => answers[userId]?.() as undefined,
          onLeave: () => {
            throw new Error('a fault');
          },
        },
      });
      const client = await open();
      for (const uid of Object.keys(answers)) await client.request('join', joinParams({ uid }));
      const { error, timeout, unusable } = counters().hookFailures;
      expect(counted(error)).toEqual({ onJoin: 1, onLeave: 4 });
      expect(counted(timeout)).toEqual({ onJoin: 1 });
      expect(counted(unusable)).toEqual({ onJoin: 1 });
    });

    test('what the room was told, by kind, once however many hear it', async () => {
      const { client } = await joined();
      const other = await joined({ uid: 'bob' });
      await client.request('message', { kind: 'chat', data: { text: 'hello' } });
      await client.request('message', { kind: 'chat', data: { text: '' } });
      await client.request('message', { kind: 'like', data: {} });
      await other.client.next(({ method, params }) => method === 'message' && params?.kind === 'chat');
      expect(counted(counters().roomMessages)).toEqual({ chat: 1, like: 1 });
    });

    test('what is left out for clients that do not read, and that they are closed', async () => {
      await start({ maxBufferedBytes: 1024 * 1024, messages: { cursor: { mayDrop: true }, note: {} } });
      const { client } = await joined();
      client.socket.pause();
      const room = stage.relay.rooms.get('lobby');
      const data = 'x'.repeat(8_000);
      await until('some are dropped', async () => {
        for (let n = 0; n < 100; n += 1) await room?.send({ kind: 'cursor', data });
        return counters().dropped.get('message') > 0;
      });
      await until('it is closed', async () => {
        for (let n = 0; n < 100; n += 1) await room?.send({ kind: 'note', data });
        return stage.relay.sessions.size === 0;
      });
      client.socket.resume();
      expect((await client.closed).code).toBe(4508);
      const { relay } = counters().connectionsClosed;
      await until('it is counted', () => counted(relay)['4508'] === 1);
    });
  });
}

function sum(set: Iterable<readonly [string, number]>): number {
  return [...set].reduce((total, [, count]) => total + count, 0);
}
