import { describe, expect, test } from 'vitest';
import { byToken, chatOf, type ResumptionStage, say } from './stage.js';

export function refusalsSuite(stage: ResumptionStage): void {
  const { enter, lose, refusal } = stage;

  describe('a resumption is refused', () => {
    test('with a stolen session token, to another user; the owner goes on', async () => {
      await stage.start({ authenticate: byToken });
      const alice = await enter('alice', {}, { token: 'alice' });
      await lose(alice);
      const mallory = await stage.open(['sfu-relay.v1', 'bearer.mallory']);
      const { id: sessionId, token: sessionToken } = alice.client.session ?? {};
      const { error } = await mallory.request('resume', { sessionId, sessionToken, received: 1 });
      expect(error?.data?.code).toBe('ERR_RELAY_FORBIDDEN');
      expect(alice.session.connection).toBe('detached');
      expect((await alice.client.comeBack()).error).toBeUndefined();
    });

    test('without the session token, to the same user', async () => {
      await stage.start({ authenticate: byToken });
      const alice = await enter('alice', {}, { token: 'alice' });
      await lose(alice);
      await alice.client.connect();
      expect(await refusal(alice.client, 'x'.repeat(43))).toBe('ERR_RELAY_FORBIDDEN');
      expect(await refusal(alice.client, '')).toBe('ERR_RELAY_FORBIDDEN');
      expect((await alice.client.resume()).error).toBeUndefined();
    });

    test.each<[string, (real: { received: number }) => object]>([
      ['no numbers', () => ({})],
      ['a number that was never sent', ({ received }) => ({ received: received + 1 })],
      ['a number before the last ack', () => ({ received: 0 })],
      ['a negative number', () => ({ received: -1 })],
      ['a text', () => ({ received: '1' })],
    ])('with %s; the connection stays open', async (_, wrong) => {
      const alice = await enter('alice');
      await lose(alice);
      const { id: sessionId, token: sessionToken, counts } = alice.client.session ?? {};
      const raw = await stage.open();
      const params = { sessionId, sessionToken, ...wrong({ received: counts?.received ?? 0 }) };
      const { error } = await raw.request('resume', params);
      expect(error?.data?.code).toBe('ERR_RELAY_INVALID_PARAMS');
      expect((await raw.request('ping')).result).toEqual({});
      expect((await alice.client.comeBack()).error).toBeUndefined();
    });

    test('of a session that does not exist; the connection may join', async () => {
      const raw = await stage.open();
      const { error } = await raw.request('resume', { sessionId: 'none', sessionToken: 'none', received: 1 });
      expect(error?.data).toMatchObject({ code: 'ERR_RELAY_SESSION_NOT_FOUND', retryable: false });
      expect((await raw.request('join', stage.joinParams())).result).toBeDefined();
    });

    test('on a connection that has a session', async () => {
      const alice = await enter('alice');
      const { client: bob } = await stage.joined({ uid: 'bob' });
      await lose(alice);
      const { id: sessionId, token: sessionToken } = alice.client.session ?? {};
      const { error } = await bob.request('resume', { sessionId, sessionToken, received: 1 });
      expect(error?.data?.code).toBe('ERR_RELAY_INVALID_STATE');
      expect((await alice.client.comeBack()).error).toBeUndefined();
    });

    test('where the relay has "resumption: false", which no client is told of', async () => {
      await stage.start({ relay: { resumption: false } });
      const client = stage.client();
      await client.connect();
      const { result } = await client.join(stage.joinParams());
      expect(result).toMatchObject({ capabilities: [] });
      expect(result).not.toHaveProperty('resumption');
      await client.vanish();
      await stage.expectNothingLeft();
      await client.connect();
      expect(await refusal(client)).toBe('ERR_RELAY_SESSION_NOT_FOUND');
    });

    test('and counted', async () => {
      const alice = await enter('alice');
      await lose(alice);
      await alice.client.connect();
      await refusal(alice.client, 'x'.repeat(43));
      await alice.client.resume();
      const { resumptions } = stage.relay.counters;
      expect([resumptions.get('refused'), resumptions.get('resumed')]).toEqual([1, 1]);
    });
  });

  describe('a client without the capability', () => {
    test('is told nothing of it, and its session ends with its connection', async () => {
      const bob = await enter('bob');
      const { client, sessionId, sessionToken, stream } = await stage.joined();
      const joined = client.received.find(({ result }) => result)?.result;
      expect(joined).toMatchObject({ capabilities: [] });
      expect(joined).not.toHaveProperty('resumption');
      client.notify('ack', { received: 1 });
      expect((await client.next(({ id }) => id === null)).error?.data).toMatchObject({ method: 'ack' });
      for (let n = 0; n < 40; n += 1) client.notify('message', { kind: 'chat', data: { text: `${n}` } });
      await client.next(({ params }) => JSON.stringify(params ?? {}).includes('"39"'));
      expect(client.methods()).not.toContain('ack');
      client.vanish();
      expect(await stream.ended).toBe('half-closed');
      await bob.client.notified('participants', ({ left }) => String(left) === sessionId);
      const again = await stage.open();
      const { error } = await again.request('resume', { sessionId, sessionToken, received: 1 });
      expect(error?.data?.code).toBe('ERR_RELAY_SESSION_NOT_FOUND');
      expect(chatOf(bob.client)).toHaveLength(40);
      expect((await say(bob.client, 'here')).error).toBeUndefined();
    });
  });
}
