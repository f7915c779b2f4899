import { describe, expect, test } from 'vitest';
import { fakeOffer, tracksOf } from '../../../src/testing/index.js';
import type { HttpStage } from '../http-stage.js';

export function moderationSuite(stage: HttpStage): void {
  const video = fakeOffer([{ kind: 'video', streamId: 's', trackId: 't' }], { dataChannel: false });
  const as = (user: string) => ({ headers: { authorization: `Bearer ${user}` } });

  const tryCreate = (user: string) =>
    stage.request('POST', '/session', { room_id: 'r', sdp: user === 'mod' ? fakeOffer() : video }, as(user));
  const create = async (user: string): Promise<string> => (await tryCreate(user)).body.data.session_id;

  describe('moderation over HTTP', () => {
    test('moderators and those concerned hear and say the same as on a WebSocket', async () => {
      await stage.start({
        authenticate: ({ token = '' }) => ({ userId: token, grants: { roomAdmin: token === 'mod' } }),
      });
      const [mod, eve] = [await create('mod'), await create('eve')];
      const reader = await stage.events(eve, as('eve').headers);
      const stream = await stage.sfu.waitFor((sfu) => sfu.stream(`r/eve/${eve}`));
      const moderate = async (params: object, by = mod, user = 'mod') =>
        (
          await stage.request(
            'POST',
            `/session/${by}/signal`,
            { id: 1, method: 'moderate', params },
            as(user),
          )
        ).status;

      expect(await reader.notified('joined')).toMatchObject({
        grants: { roomAdmin: false },
        muted: [],
        locked: false,
      });
      expect(await moderate({ action: 'lock' }, eve, 'eve')).toBe(403);
      expect(await moderate({ action: 'mute', userId: 'eve' })).toBe(200);
      expect(await reader.notified('mute')).toEqual({ trackId: 't', muted: true });
      expect(tracksOf(stream.requests('description').at(-1)?.sdp ?? '')).toEqual([]);
      expect(
        await moderate({ action: 'updateGrants', sessionId: eve, grants: { canPublishData: false } }),
      ).toBe(200);
      expect(await reader.notified('grants')).toMatchObject({
        grants: { canPublishData: false },
        role: 'publisher',
      });
      expect(await moderate({ action: 'lock' })).toBe(200);
      expect(await reader.notified('room')).toEqual({ locked: true });
      expect(await moderate({ action: 'ban', userId: 'eve' })).toBe(200);
      expect(await stream.ended).toBe('half-closed');
      expect((await tryCreate('eve')).status).toBe(403);
    });

    test('whoever may not send messages has no data channels: not to begin with, and none that it had', async () => {
      await stage.start({
        authenticate: ({ token = '' }) => ({ userId: token, grants: { canPublishData: token !== 'eve' } }),
      });
      const withChannel = { room_id: 'r', sdp: fakeOffer() };
      const refused = await stage.request('POST', '/session', withChannel, as('eve'));
      expect(refused.status).toBe(403);
      expect(refused.body).toMatchObject({ data: { code: 'ERR_RELAY_FORBIDDEN' } });
      expect(refused.body.message).toContain('canPublishData');

      const { body } = await stage.request('POST', '/session', withChannel, as('bob'));
      const reader = await stage.events(body.data.session_id, as('bob').headers);
      await stage.relay.updateGrants(body.data.session_id, { canPublishData: false });
      await reader.ended;
      expect(reader.received.at(-1)).toMatchObject({ event: 'close', data: { code: 4412 } });
    });
  });
}
