import { describe, expect, test } from 'vitest';
import type { Grants } from '../../../src/index.js';
import { chat } from '../../../src/messages/chat.js';
import {
  type FakeTrack,
  fakeAnswer,
  fakeOffer,
  type ScriptedStream,
  tracksOf,
} from '../../../src/testing/index.js';
import type { ContractStage } from '../contract-stage.js';
import type { WireClient } from '../wire-client.js';

type Request = [method: string, params?: object];

const track = (kind: FakeTrack['kind'], trackId: string): FakeTrack => ({ kind, streamId: 's', trackId });
const audio = track('audio', 'a');
const video = track('video', 'v');
const offerOf = (tracks: FakeTrack[], dataChannel = false) => ({
  type: 'offer',
  sdp: fakeOffer(tracks, { dataChannel }),
});
const OFFERS = {
  sound: offerOf([audio]),
  image: offerOf([video]),
  'sound and image': offerOf([audio, video]),
  'a data channel': offerOf([], true),
};
type Offer = keyof typeof OFFERS;

/** What depends on no grant, and must never be refused. */
const FREE: Record<string, Request> = {
  'offer nothing': ['offer', { desc: offerOf([]) }],
  'offer to receive': ['offer', { desc: offerOf([{ ...video, direction: 'recvonly' }]) }],
  update: ['update', { metadata: { hand: 'up' } }],
  stats: ['stats', { report: [] }],
};
const BOUND: Record<string, Request> = {
  subscribe: ['subscribe', { subscriptions: [{ trackId: 'of-bob', subscribe: true }] }],
  message: ['message', { kind: 'chat', data: { text: 'hello' } }],
  moderate: ['moderate', { action: 'unlock' }],
};

interface Row {
  grants: Grants;
  /** What is refused of what depends on grants; the offers in a join, too. */
  refused: (Offer | 'subscribe' | 'message' | 'moderate')[];
  /** What the SFU still takes of sound and image that were sent before. */
  left: FakeTrack['kind'][];
}

const BOTH: Row['left'] = ['audio', 'video'];
const TABLE: Row[] = [
  { grants: {}, refused: ['moderate'], left: BOTH },
  { grants: { roomAdmin: true }, refused: [], left: BOTH },
  { grants: { canPublish: false }, refused: ['sound', 'image', 'sound and image', 'moderate'], left: [] },
  {
    grants: { canPublishSources: ['microphone'] },
    refused: ['image', 'sound and image', 'moderate'],
    left: ['audio'],
  },
  {
    grants: { canPublishSources: ['screen_share'] },
    refused: ['sound', 'sound and image', 'moderate'],
    left: ['video'],
  },
  { grants: { maxTracks: 1 }, refused: ['sound and image', 'moderate'], left: ['audio'] },
  { grants: { maxTracks: 0 }, refused: ['sound', 'image', 'sound and image', 'moderate'], left: [] },
  { grants: { canPublishData: false }, refused: ['a data channel', 'message', 'moderate'], left: BOTH },
];
/** Who may not receive joins without; who may not any more is put out. */
const DEAF: Row = { grants: { canSubscribe: false }, refused: ['subscribe', 'moderate'], left: BOTH };
const HIDDEN: Row = {
  grants: { hidden: true },
  refused: ['sound', 'image', 'sound and image', 'moderate'],
  left: [],
};
const FULL: Required<Omit<Grants, 'room' | 'hidden'>> = {
  canPublish: true,
  canPublishSources: ['camera', 'microphone', 'screen_share', 'screen_share_audio'],
  maxTracks: 16,
  canSubscribe: true,
  canPublishData: true,
  roomAdmin: true,
};

/** Each grant, held against each message: at the join, taken away and given back while live, by the server and by tokens. */
export function grantsMatrixSuite(stage: ContractStage): void {
  const nameOf = ({ grants }: Row) => JSON.stringify(grants);

  /** A connection that has brought a token for these grants, in a relay where somebody else publishes. */
  async function arrived(grants: Grants): Promise<WireClient> {
    await stage.start({
      messages: { chat: chat() },
      authenticate: ({ token = '{}' }) => ({ userId: 'alice', grants: JSON.parse(token) }),
    });
    const sdp = fakeOffer([{ kind: 'audio', streamId: 'of-bob', trackId: 'of-bob' }]);
    await stage.relay.createSession({ roomId: 'lobby', userId: 'bob', sdp });
    const client = await stage.open();
    await bring(client, grants);
    return client;
  }

  const bring = (client: WireClient, grants: Grants) =>
    client.request('authenticate', { token: JSON.stringify(grants) });

  async function join(client: WireClient, tracks: FakeTrack[], dataChannel = false) {
    const offer = offerOf(tracks, dataChannel);
    const { result } = await client.request('join', stage.joinParams({ offer }));
    if (!result) throw new Error('the join was refused');
    const { sdp } = await client.notified('offer');
    client.notify('answer', { desc: { type: 'answer', sdp: fakeAnswer(String(sdp)) } });
    const sessionId = String(result.sessionId);
    const stream = await stage.sfu.waitFor((sfu) => sfu.stream(`lobby/alice/${sessionId}`));
    return { sessionId, stream };
  }

  /** What the SFU takes of it. */
  const takenOf = (stream: ScriptedStream) => {
    const offers = [
      ...stream.requests('join').map(({ description }) => description),
      ...stream.requests('description').filter(({ target }) => target === 0),
    ];
    return tracksOf(offers.at(-1)?.sdp ?? '').map(({ kind }) => kind);
  };

  /** What is refused, of all that a client in a room can say. */
  async function refusals(client: WireClient): Promise<string[]> {
    const refused: string[] = [];
    const ask = async (name: string, [method, params]: Request) => {
      const { error } = await client.request(method, params);
      if (!error) return;
      expect(error.data?.code, `${name}: ${error.message}`).toBe('ERR_RELAY_FORBIDDEN');
      refused.push(name);
    };
    for (const [name, desc] of Object.entries(OFFERS)) await ask(name, ['offer', { desc }]);
    for (const [name, request] of Object.entries({ ...BOUND, ...FREE })) await ask(name, request);
    client.notify('trickle', { target: 0, candidate: { candidate: '' } });
    await client.request('ping');
    expect(client.received.filter(({ id, error }) => id === null && error)).toEqual([]);
    return refused;
  }

  describe('what a client may do', () => {
    test.each([...TABLE, DEAF, HIDDEN].map((row) => [nameOf(row), row] as const))(
      'with %s at its join',
      async (_, { grants, refused }) => {
        const client = await arrived(grants);
        for (const [name, offer] of Object.entries(OFFERS)) {
          const { error } = await client.request('join', stage.joinParams({ offer }));
          expect(error?.data?.code, name).toBe(
            refused.includes(name as Offer) ? 'ERR_RELAY_FORBIDDEN' : undefined,
          );
          if (!error) await client.request('leave');
        }
        await join(client, []);
        expect(await refusals(client)).toEqual(refused);
      },
    );

    const CHANGES: Record<
      string,
      (client: WireClient, sessionId: string, grants: Grants) => Promise<unknown>
    > = {
      'a change by the server': (_, sessionId, grants) => stage.relay.updateGrants(sessionId, grants),
      'another token': (client, _, grants) => bring(client, grants),
    };
    for (const [change, apply] of Object.entries(CHANGES)) {
      test.each(TABLE.map((row) => [nameOf(row), row] as const))(
        `with %s, by ${change}, and with everything again`,
        async (_, { grants, refused, left }) => {
          const client = await arrived({});
          const { sessionId, stream } = await join(client, [audio, video]);
          await apply(client, sessionId, grants);
          expect(takenOf(stream)).toEqual(left);
          expect(stage.relay.getSession(sessionId)?.tracks.map(({ kind }) => kind)).toEqual(left);
          expect(await refusals(client)).toEqual(refused);

          await apply(client, sessionId, FULL);
          expect(await refusals(client)).toEqual([]);
        },
      );

      test(`by ${change}, whoever has data channels and may not send messages any more has to join afresh`, async () => {
        const client = await arrived({});
        const { sessionId, stream } = await join(client, [audio], true);
        void apply(client, sessionId, { canPublishData: false }).catch(() => {});
        expect(await client.closed).toMatchObject({
          code: 4412,
          reason: /join it again, without data channels/,
        });
        expect(await stream.ended).toBe('half-closed');
      });

      test(`by ${change}, who may not receive any more is put out`, async () => {
        const client = await arrived({});
        const { sessionId, stream } = await join(client, []);
        void apply(client, sessionId, DEAF.grants).catch(() => {});
        expect(await client.closed).toMatchObject({ code: 4403, reason: /no longer receive/ });
        expect(await stream.ended).toBe('half-closed');
      });
    }

    test('by a newer token that is not for the room: nothing changes', async () => {
      const client = await arrived({});
      await join(client, []);
      const { error } = await bring(client, { room: 'other-*', canPublish: false });
      expect(error?.data?.code).toBe('ERR_RELAY_FORBIDDEN');
      expect(await refusals(client)).toEqual(['moderate']);
    });

    test('by the pattern of rooms in its token', async () => {
      const client = await arrived({ room: ['class-*', 'lobby'] });
      await join(client, []);
      await client.request('leave');
      const { error } = await client.request('join', stage.joinParams({ sid: 'staff' }));
      expect(error?.data?.code).toBe('ERR_RELAY_FORBIDDEN');
    });

    test('what the server has taken away, no newer token gives back', async () => {
      const client = await arrived({});
      const { sessionId } = await join(client, []);
      await stage.relay.updateGrants(sessionId, { canPublish: false });
      await bring(client, FULL);
      expect(await refusals(client)).toEqual(['sound', 'image', 'sound and image']);
    });
  });
}
