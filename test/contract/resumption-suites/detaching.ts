import { describe, expect, test, vi } from 'vitest';
import { until } from '../../support/poll.js';
import { chatOf, type ResumptionStage, SOON, say } from './stage.js';

/** The longest chat message. */
const LONG = 'x'.repeat(2_000);
const MAX_MESSAGE_BYTES = 2_048;

export function detachingSuite(stage: ResumptionStage): void {
  const { enter, lose, detached, ended } = stage;

  describe('a session is detached', () => {
    test.each([3000, 4000, 4999])('when its client closes the connection with %i', async (code) => {
      const alice = await enter('alice');
      await alice.client.close(code);
      await detached(alice.session);
      expect((await alice.client.comeBack()).error).toBeUndefined();
    });

    test('when the relay closes it for a message that is too long, which is not sent again', async () => {
      const onInterrupted = vi.fn();
      await stage.start({ maxMessageBytes: MAX_MESSAGE_BYTES, hooks: { onInterrupted } });
      const alice = await enter('alice');
      const { connection } = alice.client;
      alice.client.sendText(JSON.stringify('x'.repeat(MAX_MESSAGE_BYTES)));
      void say(alice.client, 'after it');
      expect(await connection.ended()).toBe(4413);
      await detached(alice.session);
      await until('it is told', () => onInterrupted.mock.calls.length === 1, SOON);
      expect(onInterrupted.mock.lastCall?.[0]).toMatchObject({ error: { code: 'ERR_RELAY_TOO_LARGE' } });
      const { result } = await alice.client.comeBack();
      expect(result?.received).toBe((alice.client.session?.counts.sent ?? 0) - 1);
      await until('the next one is executed', () => chatOf(alice.client).length === 1, SOON);
    });

    test('when the transport closes it for a message that is far too long, which is not sent again', async () => {
      await stage.start({ maxMessageBytes: MAX_MESSAGE_BYTES });
      const alice = await enter('alice');
      const { connection } = alice.client;
      alice.client.sendText(JSON.stringify('x'.repeat(3 * MAX_MESSAGE_BYTES)));
      await connection.ended();
      await detached(alice.session);
      expect((await alice.client.comeBack()).result?.received).toBe(alice.client.session?.counts.sent);
      expect((await say(alice.client, 'here')).error).toBeUndefined();
    });

    test('when its client does not read; it resumes when it reads again', async () => {
      const onInterrupted = vi.fn();
      await stage.start({ maxBufferedBytes: 64 * 1024, hooks: { onInterrupted } });
      const alice = await enter('alice');
      const { connection } = alice.client;
      const room = stage.relay.rooms.get('lobby');
      connection.socket.pause();
      while (alice.session.connection === 'connected')
        await room?.send({ kind: 'chat', data: { text: LONG } });
      await until('it is told', () => onInterrupted.mock.calls.length === 1, SOON);
      expect(onInterrupted.mock.lastCall?.[0]).toMatchObject({ error: { code: 'ERR_RELAY_SLOW_CONSUMER' } });
      expect((await alice.client.comeBack()).error).toBeUndefined();
      expect((await say(alice.client, 'here')).error).toBeUndefined();
      connection.socket.resume();
      expect(await connection.ended()).toBe(4508);
    });

    test('when the heartbeat finds its client dead', async () => {
      await stage.start({ heartbeatIntervalMs: 30 });
      const alice = await enter('alice');
      alice.client.connection.socket.pause();
      await detached(alice.session);
      expect((await alice.client.comeBack()).error).toBeUndefined();
    });
  });

  describe('a session ends with its connection', () => {
    test.each([1000, 1001])('that its client closes with %i', async (code) => {
      const alice = await enter('alice');
      const bob = await enter('bob');
      await alice.client.close(code);
      expect(await alice.stream.ended).toBe('half-closed');
      await bob.client.notified('participants', ({ left }) => String(left) === alice.session.id);
      await alice.client.connect();
      expect((await alice.client.resume()).error?.data.code).toBe('ERR_RELAY_SESSION_NOT_FOUND');
    });

    test('that breaks before its client has acknowledged the join: nobody stays in the room', async () => {
      const bob = await enter('bob');
      const { client, sessionId, stream } = await stage.joined({ capabilities: ['resume'] });
      client.vanish();
      expect(await stream.ended).toBe('half-closed');
      await bob.client.notified('participants', ({ left }) => String(left) === sessionId);
      expect(bob.client.heard('participants').flatMap(({ updated }) => updated ?? [])).toEqual([]);
    });

    test('that breaks while it joins', async () => {
      const client = stage.client();
      await client.connect();
      let join = () => {};
      stage.sfu.script.onJoin = (...args) => {
        join = () => void stage.sfu.ion.onJoin(...args);
      };
      void client.join(stage.joinParams());
      await stage.sfu.waitFor(() => join.name !== '' && stage.sfu.received.length > 0);
      await client.vanish();
      join();
      await stage.expectNothingLeft();
    });

    test('a "leave" ends it before', async () => {
      const alice = await enter('alice');
      expect((await alice.client.request('leave')).error).toBeUndefined();
      await ended(alice.session);
      await alice.client.vanish();
      await stage.expectNothingLeft();
      await alice.client.connect();
      expect((await alice.client.resume()).error?.data.code).toBe('ERR_RELAY_SESSION_NOT_FOUND');
    });
  });

  test('a connection that has resumed a session may leave it, and join again', async () => {
    const alice = await enter('alice');
    await lose(alice);
    await alice.client.comeBack();
    await alice.client.request('leave');
    const { result, error } = await alice.client.join(stage.joinParams({ uid: 'alice' }));
    expect(error).toBeUndefined();
    await alice.client.ping();
    const session = stage.relay.getSession(String(result?.sessionId));
    expect(session?.id).not.toBe(alice.session.id);
    if (session) await lose({ ...alice, session });
    expect((await alice.client.comeBack()).error).toBeUndefined();
    expect((await say(alice.client, 'here')).error).toBeUndefined();
  });
}
