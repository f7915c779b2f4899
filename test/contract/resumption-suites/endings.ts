import { describe, expect, test, vi } from 'vitest';
import type { Authenticate } from '../../../src/index.js';
import { until } from '../../support/poll.js';
import { byToken, chatOf, type Guest, type ResumptionStage, SOON, say } from './stage.js';

/** The token is the user, and when it ends: `alice.200`, in ms from its reading. */
const byShortToken: Authenticate = ({ token = '' }) => {
  const [userId = '', lifeMs] = token.split('.');
  return { userId, ...(lifeMs && { expiresAt: Date.now() + Number(lifeMs) }) };
};

export function endingsSuite(stage: ResumptionStage): void {
  const { enter, lose, ended, refusal } = stage;

  /** In the room, and away. */
  async function away(): Promise<{ alice: Guest; bob: Guest }> {
    const alice = await enter('alice');
    const bob = await enter('bob');
    await lose(alice);
    return { alice, bob };
  }

  async function isGone({ alice, bob }: { alice: Guest; bob: Guest }): Promise<void> {
    await ended(alice.session);
    expect(['half-closed', 'failed']).toContain(await alice.stream.ended);
    await bob.client.notified('participants', ({ left }) => String(left) === alice.session.id);
    expect(stage.relay.rooms.get('lobby')?.participants.map(({ userId }) => userId)).toEqual(['bob']);
  }

  async function comesBackToLate({ client }: Guest): Promise<string | undefined> {
    await client.connect();
    return refusal(client);
  }

  describe('a detached session ends', () => {
    test('after the grace time; the others are told, and it is over', async () => {
      const onLeave = vi.fn();
      await stage.start({ relay: { resumption: { graceMs: 100 } }, hooks: { onLeave } });
      const both = await away();
      expect(both.alice.client.session?.graceMs).toBe(100);
      await isGone(both);
      await until('the hook was called', () => onLeave.mock.calls.length === 1, SOON);
      expect(onLeave.mock.lastCall?.[0]).toMatchObject({ reason: { by: 'client' } });
      expect(stage.relay.counters.resumptions.get('expired')).toBe(1);
      expect(await comesBackToLate(both.alice)).toBe('ERR_RELAY_SESSION_NOT_FOUND');
      // As after every lost session.
      const { id: sessionId, token: sessionToken } = both.alice.client.session ?? {};
      both.alice.client.forget();
      const { result } = await both.alice.client.join(
        stage.joinParams({ uid: 'alice', replaces: { sessionId, sessionToken } }),
      );
      expect(result).toBeDefined();
    });

    test('when its user is banned, who is told so', async () => {
      const both = await away();
      await stage.relay.rooms.get('lobby')?.ban('alice');
      await isGone(both);
      expect(await comesBackToLate(both.alice)).toBe('ERR_RELAY_REMOVED');
    });

    test('when its user is banned by a store that another process has written: as it comes back', async () => {
      let isBanned = false;
      const bans = {
        set() {},
        delete() {},
        find: () => (isBanned ? { roomId: 'lobby', userId: 'alice' } : undefined),
      };
      await stage.start({ relay: { bans } });
      const both = await away();
      isBanned = true;
      expect(await comesBackToLate(both.alice)).toBe('ERR_RELAY_REMOVED');
      await isGone(both);
    });

    test('when its user is kicked, who is told so', async () => {
      const both = await away();
      await stage.relay.rooms.get('lobby')?.kick('alice', { reason: 'Too loud.' });
      await isGone(both);
      expect(await comesBackToLate(both.alice)).toBe('ERR_RELAY_REMOVED');
    });

    test('when the room is ended, and its client is told so', async () => {
      const { alice } = await away();
      await stage.relay.rooms.get('lobby')?.end();
      await ended(alice.session);
      expect(await comesBackToLate(alice)).toBe('ERR_RELAY_ROOM_ENDED');
      await stage.expectNothingLeft();
    });

    test('when the application closes it', async () => {
      const both = await away();
      await stage.relay.closeSession(both.alice.session.id);
      await isGone(both);
      expect(await comesBackToLate(both.alice)).toBe('ERR_RELAY_SESSION_NOT_FOUND');
    });

    test('when its token expires; another token does not bring it back', async () => {
      await stage.start({ authenticate: byShortToken });
      const alice = await enter('alice', {}, { token: 'alice.300' });
      await lose(alice);
      await ended(alice.session);
      expect(await comesBackToLate(alice)).toBe('ERR_RELAY_EXPIRED');
    });

    test('when the relay closes, at once', async () => {
      const { alice } = await away();
      await stage.relay.close({ timeoutMs: 2_000 });
      expect(alice.session.state).toBe('closed');
      expect(await alice.stream.ended).toBe('half-closed');
      await stage.expectNothingLeft();
    });

    test('when its client joins anew with "replaces": the others see one leave, one come', async () => {
      const { alice, bob } = await away();
      const { id: sessionId, token: sessionToken } = alice.client.session ?? {};
      const { client } = await stage.joined({ uid: 'alice', replaces: { sessionId, sessionToken } });
      await ended(alice.session);
      await bob.client.notified('participants', ({ joined }) => joined !== undefined);
      const told = bob.client.heard('participants');
      expect(told.flatMap(({ left = [] }) => left)).toEqual([sessionId]);
      const come = told.flatMap(({ joined = [] }) => joined as { userId: string }[]);
      expect(come.filter(({ userId }) => userId === 'alice')).toHaveLength(1);
      await client.close();
    });

    test('when its user joins elsewhere, with "duplicateUser: replace"', async () => {
      await stage.start({ relay: { duplicateUser: 'replace' } });
      const { alice } = await away();
      await stage.joined({ uid: 'alice' });
      await ended(alice.session);
      expect(await comesBackToLate(alice)).toBe('ERR_RELAY_REPLACED');
    });

    test('when the SFU ends its stream, where its client cannot rejoin', async () => {
      const both = await away();
      both.alice.stream.fail();
      await isGone(both);
      expect(await comesBackToLate(both.alice)).toMatch(/^ERR_RELAY_SFU_/);
    });
  });

  describe('a detached session goes on', () => {
    test('in a room that is locked meanwhile', async () => {
      const { alice } = await away();
      stage.relay.rooms.get('lobby')?.lock();
      expect((await alice.client.comeBack()).error).toBeUndefined();
      await alice.client.notified('room', ({ locked }) => locked === true);
    });

    test('by the rights of a newer token', async () => {
      const grants = { canPublish: true, canPublishData: true };
      await stage.start({
        authenticate: ({ token }) => ({
          userId: 'alice',
          grants: token === 'less' ? { canPublish: false } : grants,
        }),
      });
      const alice = await enter('alice');
      await lose(alice);
      await alice.client.connect();
      await alice.client.authenticate('less');
      expect((await alice.client.resume()).error).toBeUndefined();
      await alice.client.notified('grants', (params) =>
        JSON.stringify(params).includes('"canPublish":false'),
      );
      expect(alice.session.role).toBe('subscriber');
    });

    test('beyond the end of its first token by another one', async () => {
      await stage.start({ authenticate: byShortToken });
      const alice = await enter('alice', {}, { token: 'alice.400' });
      const clock = await enter('clock', {}, { token: 'clock.400' });
      await lose(alice);
      await alice.client.connect();
      expect((await alice.client.resume()).error).toBeUndefined();
      expect((await alice.client.authenticate('alice.60000')).error).toBeUndefined();
      expect(await clock.client.connection.ended()).toBe(4401);
      expect((await say(alice.client, 'still here')).error).toBeUndefined();
    });

    test('on another connection by "attach"', async () => {
      await stage.start({ authenticate: byToken });
      const alice = await enter('alice', {}, { token: 'alice' });
      const bob = await enter('bob', {}, { token: 'bob' });
      await lose(alice);
      await say(bob.client, 'meanwhile');
      const other = stage.client({ token: 'alice' });
      await other.connect();
      const attached = await other.request('attach', {
        sessionId: alice.session.id,
        capabilities: ['resume'],
      });
      expect(attached.result).toMatchObject({
        sessionId: alice.session.id,
        messages: [{ data: { text: 'meanwhile' } }],
      });
      expect(alice.session.connection).toBe('connected');
      await say(other, 'here');
      expect(chatOf(other)).toEqual(['here']);
      expect(bob.client.heard('participants').flatMap(({ left = [] }) => left)).toEqual([]);
      // Its own connection may be lost, too; the token is that of the join.
      await other.vanish();
      await stage.detached(alice.session);
      await other.connect();
      expect((await other.resume(alice.client.session?.token)).error).toBeUndefined();
    });
  });
}
