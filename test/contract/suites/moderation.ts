import { describe, expect, test } from 'vitest';
import type { Grants } from '../../../src/index.js';
import { chat } from '../../../src/messages/chat.js';
import { type FakeTrack, fakeOffer, tracksOf } from '../../../src/testing/index.js';
import { until } from '../../support/poll.js';
import type { ContractStage } from '../contract-stage.js';
import type { WireClient } from '../wire-client.js';

const audio: FakeTrack = { kind: 'audio', streamId: 's', trackId: 'a' };
const video: FakeTrack = { kind: 'video', streamId: 's', trackId: 'v' };
const REMOVED = 'You have been removed from this room.';

export function moderationSuite(stage: ContractStage): void {
  /** Users are who they say they are; `mod` moderates. */
  const begin = () =>
    stage.start({
      messages: { chat: chat() },
      authenticate: ({ token = 'nobody' }) => {
        const grants: Grants = { roomAdmin: token.startsWith('mod') };
        return token === 'nobody' ? { grants } : { userId: token, grants };
      },
    });

  async function arrive(user: string): Promise<WireClient> {
    const client = await stage.open();
    await client.request('authenticate', { token: user });
    return client;
  }

  const tryJoin = (client: WireClient, tracks: FakeTrack[] = []) =>
    client.request('join', stage.joinParams({ offer: { type: 'offer', sdp: fakeOffer(tracks) } }));

  async function enter(user: string, tracks: FakeTrack[] = []) {
    const client = await arrive(user);
    const { result, error } = await tryJoin(client, tracks);
    if (!result) throw new Error(error?.message);
    const sessionId = String(result.sessionId);
    const stream = await stage.sfu.waitFor((sfu) => sfu.stream(`lobby/${user}/${sessionId}`));
    return { client, sessionId, stream, result };
  }

  const refusalOf = async (user: string) => {
    const client = await arrive(user);
    const { error } = await tryJoin(client);
    await client.close();
    return error?.data?.code;
  };

  const moderate = async ({ client }: { client: WireClient }, action: string, params: object = {}) => {
    const { result, error } = await client.request('moderate', { action, ...params });
    return result ? undefined : error?.data?.code;
  };

  const lastTaken = ({ stream }: Awaited<ReturnType<typeof enter>>) =>
    tracksOf(stream.requests('description').at(-1)?.sdp ?? '').map(({ id }) => id);

  describe('moderation', () => {
    test('who is kicked is put out with a reason, everywhere, and may come back', async () => {
      await begin();
      const mod = await enter('mod');
      const [one, other, bystander] = [await enter('eve'), await enter('eve'), await enter('bob')];
      expect(await moderate(mod, 'kick', { userId: 'eve', reason: 'Please behave.' })).toBeUndefined();
      for (const { client, stream } of [one, other]) {
        expect(await client.closed).toMatchObject({ code: 4403, reason: 'Please behave.' });
        expect(await stream.ended).toBe('half-closed');
      }
      expect((await bystander.client.request('ping')).result).toEqual({});
      expect(await refusalOf('eve')).toBeUndefined();
    });

    test('a ban holds when the room has been empty and the token is new, until it runs out or is lifted', async () => {
      await begin();
      const mod = await enter('mod');
      const eve = await enter('eve');
      expect(await moderate(mod, 'ban', { userId: 'eve' })).toBeUndefined();
      expect(await eve.client.closed).toMatchObject({ code: 4403, reason: REMOVED });
      expect(await refusalOf('eve')).toBe('ERR_RELAY_REMOVED');
      await mod.client.request('leave');
      await until('the room is gone', () => stage.relay.rooms.size === 0);
      expect(await refusalOf('eve')).toBe('ERR_RELAY_REMOVED');
      await stage.relay.unban('lobby', 'eve');
      expect(await refusalOf('eve')).toBeUndefined();

      await stage.relay.ban('lobby', 'eve', { durationMs: 1_000 });
      expect(await refusalOf('eve')).toBe('ERR_RELAY_REMOVED');
      await until('it has run out', async () => (await refusalOf('eve')) === undefined);
    });

    test('who is joining when it happens does not come in', async () => {
      await begin();
      const mod = await enter('mod');
      for (const act of ['ban', 'end']) {
        stage.sfu.script.onJoin = () => {};
        const client = await arrive('eve');
        const joining = tryJoin(client);
        await until('it is joining', () =>
          [...stage.relay.sessions.values()].some(({ state }) => state === 'joining'),
        );
        stage.sfu.script.onJoin = stage.sfu.ion.onJoin;
        await moderate(mod, act, act === 'ban' ? { userId: 'eve' } : {});
        expect((await joining).error?.data?.code).toMatch(/REMOVED|ROOM_ENDED/);
        await stage.relay.unban('lobby', 'eve');
        await client.close();
      }
      expect(await mod.client.closed).toMatchObject({ code: 4410 });
    });

    test('a muted track is cut off at the SFU, in every later offer too, and is heard again when that is lifted', async () => {
      await begin();
      const mod = await enter('mod');
      const eve = await enter('eve', [audio, video]);
      const muted = (client: WireClient, skip = 0) =>
        until('it is told', () => client.received.filter(({ method }) => method === 'mute')[skip]?.params);

      expect(await moderate(mod, 'mute', { trackId: 'v' })).toBeUndefined();
      expect(lastTaken(eve)).toEqual(['a']);
      expect(await muted(eve.client)).toEqual({ trackId: 'v', muted: true });
      expect(await mod.client.next(({ params }) => params?.state === 'updated')).toMatchObject({
        params: { userId: 'eve', tracks: [{ trackId: 'v', muted: true }] },
      });
      await eve.client.request('update', { tracks: [{ trackId: 'v', muted: false }] });
      await eve.client.request('offer', { desc: { type: 'offer', sdp: fakeOffer([audio, video]) } });
      expect(lastTaken(eve)).toEqual(['a']);
      expect((await enter('bob')).result.participants).toContainEqual(
        expect.objectContaining({
          userId: 'eve',
          tracks: [
            expect.objectContaining({ muted: false }),
            expect.objectContaining({ trackId: 'v', muted: true }),
          ],
        }),
      );

      expect(await moderate(mod, 'unmute', { trackId: 'v' })).toBeUndefined();
      expect(lastTaken(eve)).toEqual(['a', 'v']);
      expect(await muted(eve.client, 1)).toEqual({ trackId: 'v', muted: false });
      // The client hears nothing of the answers to what it has not offered.
      expect(eve.client.received.filter(({ result }) => result?.type === 'answer')).toHaveLength(2);
    });

    test('a muted user is not heard in what they publish later, nor when they come back', async () => {
      await begin();
      const mod = await enter('mod');
      const eve = await enter('eve');
      await moderate(mod, 'mute', { userId: 'eve', kind: 'audio' });
      await eve.client.request('offer', { desc: { type: 'offer', sdp: fakeOffer([audio, video]) } });
      expect(lastTaken(eve)).toEqual(['v']);
      expect(await eve.client.notified('mute')).toEqual({ trackId: 'a', muted: true });
      await eve.client.close();
      await until('they are gone', () => stage.relay.sessions.size === 1);

      const again = await enter('eve', [audio, video]);
      expect(again.result.muted).toEqual(['a']);
      expect(tracksOf(again.stream.requests('join')[0]?.description?.sdp ?? '').map(({ id }) => id)).toEqual([
        'v',
      ]);
      await moderate(mod, 'unmute', { userId: 'eve' });
      expect(lastTaken(again)).toEqual(['a', 'v']);
    });

    test('a locked room lets in whom it knows and who moderates, and tells of it', async () => {
      await begin();
      const mod = await enter('mod');
      const regular = await enter('bob');
      await enter('eve');
      expect(await moderate(mod, 'lock')).toBeUndefined();
      expect(await regular.client.notified('room')).toEqual({ locked: true });
      await moderate(mod, 'kick', { userId: 'eve' });
      for (const stranger of ['carol', 'eve', 'nobody'])
        expect(await refusalOf(stranger)).toBe('ERR_RELAY_ROOM_LOCKED');
      await regular.client.close();
      expect((await enter('bob')).result.locked).toBe(true);
      expect(await refusalOf('mod2')).toBeUndefined();
      await moderate(mod, 'unlock');
      expect(await refusalOf('carol')).toBeUndefined();
    });

    test('the end of a room is everybody’s, and another one may begin', async () => {
      await begin();
      const [mod, bob] = [await enter('mod'), await enter('bob')];
      await moderate(mod, 'lock');
      await bob.client.request('message', { kind: 'chat', data: { text: 'hello' } });
      expect(await moderate(mod, 'end', { reason: 'Good night.' })).toBeUndefined();
      for (const { client } of [mod, bob])
        expect(await client.closed).toMatchObject({ code: 4410, reason: 'Good night.' });
      await stage.expectNothingLeft();
      expect((await enter('carol')).result).toMatchObject({ locked: false, messages: [] });
    });

    test('what somebody may do is changed, and they are told', async () => {
      await begin();
      const [mod, bob] = [await enter('mod'), await enter('bob', [audio])];
      const grants = { canPublish: false };
      expect(await moderate(mod, 'updateGrants', { sessionId: bob.sessionId, grants })).toBeUndefined();
      expect(await bob.client.notified('grants')).toEqual({
        grants: { roomAdmin: false, canPublish: false },
        role: 'subscriber',
      });
      expect(lastTaken(bob)).toEqual([]);
    });

    describe('is refused', () => {
      test.each<[string, object, string]>([
        ['an unknown action', { action: 'explode' }, 'INVALID_PARAMS'],
        ['no action', {}, 'INVALID_PARAMS'],
        ['an action of the prototype', { action: 'constructor' }, 'INVALID_PARAMS'],
        ['a kick of nobody', { action: 'kick' }, 'INVALID_PARAMS'],
        [
          'a kick with more than it takes',
          { action: 'kick', userId: 'bob', roomId: 'other' },
          'INVALID_PARAMS',
        ],
        ['a reason that is too long', { action: 'end', reason: 'x'.repeat(101) }, 'INVALID_PARAMS'],
        ['a ban that is over', { action: 'ban', userId: 'bob', durationMs: -1 }, 'INVALID_PARAMS'],
        ['a mute of a track and a user', { action: 'mute', trackId: 'a', userId: 'bob' }, 'INVALID_PARAMS'],
        ['a mute of an unknown track', { action: 'mute', trackId: 'x' }, 'INVALID_PARAMS'],
        ['a mute of an unknown kind', { action: 'mute', userId: 'bob', kind: 'smell' }, 'INVALID_PARAMS'],
        ['a session of nobody', { action: 'updateGrants', sessionId: 'x', grants: {} }, 'SESSION_NOT_FOUND'],
        ['a kick of a moderator', { action: 'kick', userId: 'mod2' }, 'FORBIDDEN'],
        ['a ban of oneself', { action: 'ban', userId: 'mod' }, 'FORBIDDEN'],
        ['a mute of a moderator', { action: 'mute', trackId: 'v' }, 'FORBIDDEN'],
      ])('%s', async (_, params, code) => {
        await begin();
        const [mod, bob] = [await enter('mod'), await enter('bob')];
        await enter('mod2', [video]);
        expect((await mod.client.request('moderate', params)).error?.data?.code).toBe(`ERR_RELAY_${code}`);
        expect((await bob.client.request('ping')).result).toEqual({});
      });

      test('a change of grants that makes moderators, or is one’s own, another’s room, or malformed', async () => {
        await begin();
        const [mod, bob] = [await enter('mod'), await enter('bob')];
        const elsewhere = await stage.relay.createSession({ roomId: 'x', userId: 'u', sdp: fakeOffer() });
        const change = (sessionId: string, grants: unknown) =>
          moderate(mod, 'updateGrants', { sessionId, grants });
        expect(await change(bob.sessionId, { roomAdmin: true })).toBe('ERR_RELAY_FORBIDDEN');
        expect(await change(mod.sessionId, { canPublish: true })).toBe('ERR_RELAY_FORBIDDEN');
        expect(await change(elsewhere.id, {})).toBe('ERR_RELAY_SESSION_NOT_FOUND');
        for (const grants of [
          null,
          [],
          'all',
          { hidden: false },
          { room: '*' },
          { canPublish: 'no' },
          { maxTracks: -1 },
        ])
          expect(await change(bob.sessionId, grants)).toBe('ERR_RELAY_INVALID_PARAMS');
      });
    });
  });
}
