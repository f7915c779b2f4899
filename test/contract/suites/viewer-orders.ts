import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type FakeTrack,
  fakeAnswer,
  fakeCandidate,
  fakeOffer,
  tracksOf,
} from '../../../src/testing/index.js';
import type { ContractStage } from '../contract-stage.js';

const video: FakeTrack = { kind: 'video', streamId: 's', trackId: 't' };
const described = (track?: Partial<FakeTrack>, options = {}) => ({
  type: 'offer',
  sdp: fakeOffer(track ? [{ ...video, ...track }] : [], options),
});
const OFFERS = {
  nothing: described(),
  'a viewer’s section': described({ direction: 'recvonly' }),
  'an inactive section': described({ direction: 'inactive' }),
  media: described({}),
  'media both ways': described({ direction: 'sendrecv' }),
  sound: described({ kind: 'audio' }),
  simulcast: described({ layers: ['q', 'h', 'f'] }),
  'media, with other ids': described({ trackId: 'u', streamId: '-' }),
  'media without a data channel': described({}, { dataChannel: false }),
};
type Offered = keyof typeof OFFERS;
const anOffer = fc.constantFrom(...(Object.keys(OFFERS) as Offered[]));

/** What a client may say, in whatever order; requests are not waited for. */
const step = fc.oneof(
  fc.tuple(fc.constantFrom('join', 'join as publisher', 'offer', 'offer'), anOffer),
  fc.tuple(
    fc.constantFrom(
      'leave',
      'answer',
      'trickle',
      'subscribe',
      'update',
      'attach',
      'token',
      'promote',
      'promote oneself',
    ),
    fc.constant('nothing' as const),
  ),
);

export function viewerOrdersSuite(stage: ContractStage): void {
  describe('a viewer', () => {
    test('publishes nothing, whatever is said in whatever order', async () => {
      await stage.start({ authenticate: () => ({ userId: 'eve', grants: { canPublish: false } }) });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 14 }), async (steps) => {
          stage.sfu.received.length = 0;
          const client = await stage.open();
          const eve = stage.joinParams({ uid: 'eve' });
          let sessionId = 'none';
          for (const [what, offered] of steps) {
            const offer = OFFERS[offered];
            const said: Record<string, () => unknown> = {
              join: () =>
                client.request('join', { ...eve, offer }).then(({ result }) => {
                  sessionId = String(result?.sessionId ?? sessionId);
                }),
              'join as publisher': () => client.request('join', { ...eve, offer, role: 'publisher' }),
              offer: () => client.request('offer', { desc: offer }),
              leave: () => client.request('leave'),
              answer: () =>
                client.notify('answer', { desc: { type: 'answer', sdp: fakeAnswer(fakeOffer()) } }),
              trickle: () => client.notify('trickle', { target: 0, candidate: JSON.parse(fakeCandidate()) }),
              subscribe: () =>
                client.request('subscribe', { subscriptions: [{ trackId: 't', subscribe: true }] }),
              update: () => client.request('update', { tracks: [{ trackId: 't', muted: false }] }),
              attach: () => client.request('attach', { sessionId }),
              token: () => client.request('authenticate', { token: 'another' }),
              promote: () =>
                client.request('moderate', {
                  action: 'updateGrants',
                  sessionId,
                  grants: { canPublish: true },
                }),
              'promote oneself': () =>
                client.request('moderate', {
                  action: 'updateGrants',
                  sessionId,
                  grants: { roomAdmin: true },
                }),
            };
            void Promise.resolve(said[what]?.()).catch(() => {});
          }
          await client.request('ping');
          await client.request('leave');
          await client.close();
          const described = stage.sfu.received.flatMap(({ request: { payload } }) => {
            if (payload?.$case === 'join') return payload.value.description?.sdp ?? '';
            return payload?.$case === 'description' && payload.value.target === 0 ? payload.value.sdp : [];
          });
          expect(described.flatMap((sdp) => tracksOf(sdp))).toEqual([]);
          expect(stage.sfu.crashed).toBeUndefined();
        }),
        { numRuns: 60 },
      );
    });
  });
}
