import { describe, expect, test } from 'vitest';
import { fakeOffer } from '../../../src/testing/index.js';
import type { ContractStage } from '../contract-stage.js';

export function roomSuite(stage: ContractStage): void {
  const { joined } = stage;

  describe('the room', () => {
    const video = { kind: 'video', streamId: 's1', trackId: 't1', layers: ['q', 'h', 'f'] } as const;

    test('a newcomer gets the others; they hear of it, and of its leaving', async () => {
      const alice = await joined({ uid: 'alice', offer: { type: 'offer', sdp: fakeOffer([video]) } });
      const bob = await joined({ uid: 'bob', role: 'subscriber' });
      const { result } = await bob.client.next(({ id }) => id === 1);
      expect(result?.participants).toEqual([
        {
          sessionId: expect.any(String),
          userId: 'alice',
          role: 'publisher',
          tracks: [{ trackId: 't1', streamId: 's1', kind: 'video', layers: ['q', 'h', 'f'], muted: false }],
        },
      ]);
      expect(await alice.client.notified('participants')).toMatchObject({
        revision: 2,
        from: 1,
        joined: [{ userId: 'bob', role: 'subscriber', tracks: [] }],
      });
      await bob.client.close();
      const left = await alice.client.next(({ params }) => params?.left !== undefined);
      expect(left.params).toEqual({ from: 2, revision: 3, left: [bob.sessionId] });
    });

    test('tracks that come and go later are announced, each with its user', async () => {
      const alice = await joined({ uid: 'alice' });
      const bob = await joined({ uid: 'bob' });
      await alice.client.request('offer', { desc: { type: 'offer', sdp: fakeOffer([video]) } });
      expect(await bob.client.notified('tracks')).toMatchObject({
        state: 'added',
        userId: 'alice',
        tracks: [{ trackId: 't1', layers: ['q', 'h', 'f'] }],
      });
      const stopped = fakeOffer([{ ...video, direction: 'inactive' }]);
      await alice.client.request('offer', { desc: { type: 'offer', sdp: stopped } });
      const gone = await bob.client.next(({ params }) => params?.state === 'removed');
      expect(gone.params).toMatchObject({ userId: 'alice', tracks: [{ trackId: 't1' }] });
    });

    test('metadata and mute state are told to the others, and to newcomers', async () => {
      const alice = await joined({
        offer: { type: 'offer', sdp: fakeOffer([video]) },
        metadata: { hand: 'down' },
      });
      const bob = await joined({ uid: 'bob' });
      const update = { metadata: { hand: 'up' }, tracks: [{ trackId: 't1', muted: true }] };
      expect((await alice.client.request('update', update)).result).toEqual({});
      expect(await bob.client.notified('tracks')).toMatchObject({
        revision: 3,
        state: 'updated',
        tracks: [{ trackId: 't1', muted: true }],
      });
      expect(await bob.client.notified('participants')).toMatchObject({
        revision: 4,
        updated: [{ userId: 'alice', metadata: { hand: 'up' } }],
      });
      const carol = await joined({ uid: 'carol' });
      const { result } = await carol.client.next(({ id }) => id === 1);
      expect(result).toMatchObject({
        revision: 5,
        participants: [{ metadata: { hand: 'up' }, tracks: [{ muted: true }] }, { userId: 'bob' }],
      });
      const refused = async (params: object) =>
        (await bob.client.request('update', params)).error?.data?.code;
      expect(await refused({ tracks: [{ trackId: 't1', muted: false }] })).toBe('ERR_RELAY_INVALID_PARAMS');
      expect(await refused({ metadata: { x: 'y'.repeat(4_096) } })).toBe('ERR_RELAY_INVALID_PARAMS');
      expect(await refused({ metadata: [] })).toBe('ERR_RELAY_INVALID_PARAMS');
    });

    test('only what the room has can be subscribed to, by a layer that it has', async () => {
      await joined({ uid: 'alice', offer: { type: 'offer', sdp: fakeOffer([video]) } });
      const bob = await joined({ uid: 'bob', config: { NoAutoSubscribe: 'true' } });
      const subscribe = async (subscription: object) =>
        (await bob.client.request('subscribe', { subscriptions: [subscription] })).error?.data?.code;
      expect(await subscribe({ trackId: 't9', subscribe: true })).toBe('ERR_RELAY_INVALID_PARAMS');
      expect(await subscribe({ trackId: 't1', subscribe: true, layer: 'z' })).toBe(
        'ERR_RELAY_INVALID_PARAMS',
      );
      expect(await subscribe({ trackId: 't1', subscribe: 'yes' })).toBe('ERR_RELAY_INVALID_PARAMS');
      expect(bob.stream.requests('subscription')).toEqual([]);
      expect(await subscribe({ trackId: 't1', subscribe: true, layer: 'h' })).toBeUndefined();
      expect(bob.stream.requests('subscription')).toMatchObject([
        { subscriptions: [{ trackId: 't1', layer: 'h' }] },
      ]);
    });

    test('another room learns nothing of it', async () => {
      const stranger = await joined({ sid: 'elsewhere', uid: 'alice' });
      const alice = await joined({ uid: 'alice', offer: { type: 'offer', sdp: fakeOffer([video]) } });
      await alice.client.request('leave');
      await stranger.client.request('ping');
      expect(
        stranger.client.methods().filter((method) => method === 'participants' || method === 'tracks'),
      ).toEqual([]);
    });
  });
}
