import { describe, expect, test } from 'vitest';
import { until } from '../../support/poll.js';
import { chatOf, type Guest, type ResumptionStage, SOON, say } from './stage.js';

export function severalConnectionsSuite(stage: ResumptionStage): void {
  const { enter, lose, refusal } = stage;

  /** Her last connection is dead, which the relay does not know: she comes back on another one. */
  async function halfOpen(): Promise<Guest & { old: Guest['client']['connection'] }> {
    const alice = await enter('alice');
    const old = alice.client.connection;
    old.socket.pause();
    expect((await alice.client.comeBack()).error).toBeUndefined();
    return { ...alice, old };
  }

  describe('of several connections with one session', () => {
    test('the newest serves it, though the relay takes the old one for open, which it closes with 4409', async () => {
      const { client, session, old } = await halfOpen();
      expect((await say(client, 'on the new one')).error).toBeUndefined();
      old.socket.resume();
      expect(await old.ended()).toBe(4409);
      expect([session.connection, client.isAttached]).toEqual(['connected', true]);
    });

    test('what comes late on the old one is ignored, and so is its close', async () => {
      const { client, session, old } = await halfOpen();
      const bob = await enter('bob');
      let losses = 0;
      session.on('detached', () => {
        losses += 1;
      });
      old.socket.send(
        JSON.stringify({ method: 'message', params: { kind: 'chat', data: { text: 'late' } } }),
      );
      old.socket.send(JSON.stringify({ method: 'leave', id: 99 }));
      old.socket.terminate();
      await old.socket.closed;
      const { client: relayClosed } = stage.relay.counters.connectionsClosed;
      await until(
        'the relay knows',
        () => stage.relay.counters.connectionsClosed.relay.get('4409') > 0 || relayClosed.get('1006') > 0,
        SOON,
      );
      await say(client, 'new');
      await until('he has heard it', () => chatOf(bob.client).length > 0, SOON);
      expect(chatOf(bob.client)).toEqual(['new']);
      expect([losses, session.state, session.connection]).toEqual([0, 'joined', 'connected']);
    });

    test('what the old one has said before is executed before what the new one says', async () => {
      const alice = await enter('alice');
      const { client } = alice;
      const old = client.connection;
      void say(client, 'old');
      const resumed = client.comeBack();
      void say(client, 'new');
      const { result } = await resumed;
      expect(result?.received).toBeLessThanOrEqual(client.session?.counts.sent ?? 0);
      await until('both have come', () => chatOf(client).length === 2, SOON);
      expect(chatOf(client)).toEqual(['old', 'new']);
      expect(await old.ended()).toBe(4409);
    });

    test('the newest wins where two have the same session token', async () => {
      const alice = await enter('alice');
      const token = alice.client.session?.token;
      await lose(alice);
      await alice.client.comeBack();
      const first = alice.client.connection;
      // She has sent nothing yet: the relay can't know whether she has the new token.
      const { error } = await alice.client.connect().then(() => alice.client.resume(token));
      expect(error).toBeUndefined();
      expect(await first.ended()).toBe(4409);
      expect((await say(alice.client, 'here')).error).toBeUndefined();
    });

    test('an older one that comes late takes nothing from a newer one', async () => {
      const alice = await enter('alice');
      await lose(alice);
      const late = await stage.open();
      await late.request('ping');
      const { token, id } = alice.client.session ?? {};
      await alice.client.comeBack();
      const { error } = await late.request('resume', { sessionId: id, sessionToken: token, received: 1 });
      expect(error?.data?.code).toBe('ERR_RELAY_REPLACED');
      expect((await say(alice.client, 'here')).error).toBeUndefined();
      // It stays open, and may join.
      expect((await late.request('join', stage.joinParams({ uid: 'late' }))).result).toBeDefined();
    });

    test('one that has resumed cannot resume again', async () => {
      const alice = await enter('alice');
      await lose(alice);
      await alice.client.comeBack();
      expect(await refusal(alice.client)).toBe('ERR_RELAY_INVALID_STATE');
      expect((await say(alice.client, 'here')).error).toBeUndefined();
    });
  });

  describe('the session token', () => {
    test('stays valid while the result that replaces it may be lost', async () => {
      const alice = await enter('alice');
      const { client, session } = alice;
      const token = client.session?.token;
      await lose(alice);
      for (let n = 0; n < 3; n += 1) {
        const { socket } = await client.connect();
        socket.pause();
        const lost = client.resume(token);
        await until('it serves the session', () => session.connection === 'connected', SOON);
        await lose(alice);
        await expect(lost).rejects.toThrow('closed with');
      }
      expect(client.session?.token).toBe(token);
      expect((await client.comeBack()).result?.sessionToken).not.toBe(token);
      await say(client, 'here');
      expect(chatOf(client)).toEqual(['here']);
    });

    test.each(['a frame', 'an ack'])('is replaced by %s of the new connection', async (first) => {
      const alice = await enter('alice');
      const bob = await enter('bob');
      const { client } = alice;
      const old = client.session?.token;
      await lose(alice);
      if (first === 'an ack') await say(bob.client, 'to acknowledge');
      await client.comeBack();
      if (first === 'a frame') await say(client, 'here');
      else {
        await until('it has come', () => chatOf(client).length === 1, SOON);
        client.acknowledge();
        await client.ping();
      }
      await lose(alice);
      await client.connect();
      expect(await refusal(client, old)).toBe('ERR_RELAY_FORBIDDEN');
      expect((await client.resume()).error).toBeUndefined();
    });

    test('also proves the session for "replaces" and "attach", after each resumption', async () => {
      const alice = await enter('alice');
      const { client, session } = alice;
      const old = client.session?.token;
      await lose(alice);
      await client.comeBack();
      await say(client, 'here');
      const attach = async (sessionToken: string | undefined) => {
        const other = await stage.open();
        return (await other.request('attach', { sessionId: session.id, sessionToken })).error?.data?.code;
      };
      expect(await attach(old)).toBe('ERR_RELAY_FORBIDDEN');
      expect(await attach(client.session?.token)).toBeUndefined();
    });
  });
}
