import { describe, expect, test } from 'vitest';
import { fakeAnswer, fakeCandidate, fakeOffer } from '../../../src/testing/index.js';
import { answerFirstOffer, describeAbuse, expectRefused, joinParams, ROOM, refusalOf } from './stand.js';

const audio = { kind: 'audio', streamId: 'mine', trackId: 'microphone' } as const;
const video = { kind: 'video', streamId: 'mine', trackId: 'camera' } as const;
const layered = { ...video, layers: ['f', 'h', 'q'] };
const good = fakeOffer([video]);
const candidate = JSON.parse(fakeCandidate());

const SDP = 'ERR_RELAY_INVALID_SDP';
const PARAMS = 'ERR_RELAY_INVALID_PARAMS';
const STATE = 'ERR_RELAY_INVALID_STATE';
const FORBIDDEN = 'ERR_RELAY_FORBIDDEN';

const offering = (sdp: unknown, type = 'offer') => ({ desc: { type, sdp } });

describeAbuse('a client that does not negotiate as it should is refused', (stand) => {
  test('a second join; the first one stands', async () => {
    const client = await stand.joined();
    expectRefused(await client.request('join', joinParams({ sid: 'elsewhere' })), STATE, /leave first/);
    expect(await client.request('offer', offering(fakeOffer()))).toHaveProperty('result.type', 'answer');
  });

  test.each<[string, unknown, string, RegExp]>([
    ['nothing', undefined, PARAMS, /description/],
    ['null', { desc: null }, PARAMS, /description/],
    ['a text', { desc: good }, PARAMS, /description/],
    ['an answer', offering(good, 'answer'), PARAMS, /description/],
    ['no SDP', { desc: { type: 'offer' } }, SDP, /not a text/],
    ['prose', offering('no sdp'), SDP, /not of the form/],
    ['an SDP without ICE credentials', offering(good.replace(/a=ice-.*\r\n/g, '')), SDP, /ICE credentials/],
    [
      '17 tracks',
      offering(fakeOffer(Array.from({ length: 17 }, (_, n) => ({ ...video, trackId: `t${n}` })))),
      FORBIDDEN,
      /section 16/,
    ],
  ])('an offer of %s; a right one is taken afterwards', async (_, params, code, fault) => {
    const client = await stand.joined();
    expectRefused(await client.request('offer', params), code, fault);
    expect(await client.request('offer', offering(good))).toHaveProperty('result.type', 'answer');
  });

  test("another participant's track or stream, by its own id, in a join as in an offer, is another one", async () => {
    const { trackId, stream } = stand.bystander;
    const client = await stand.joined();
    const outsider = await stand.joined();
    const roster = () =>
      stand.server.relay.rooms.get(ROOM)?.participants.flatMap(({ tracks }) => tracks) ?? [];
    for (const stolen of [
      { ...video, trackId },
      { ...video, streamId: stream.id },
      { ...audio, streamId: stand.camera },
    ]) {
      for (const thief of [client, outsider])
        expect(await thief.request('offer', offering(fakeOffer([stolen])))).toHaveProperty(
          'result.type',
          'answer',
        );
      const joining = await stand.joined({ offer: { type: 'offer', sdp: fakeOffer([stolen]) } });
      const ids = roster().map((track) => track.trackId);
      expect(new Set(ids).size).toBe(ids.length);
      expect(roster().filter((track) => track.streamId === stream.id)).toHaveLength(1);
      expect(roster().filter((track) => track.streamId === stand.camera).length).toBeLessThanOrEqual(2);
      await joining.close();
    }
  });

  describe('an answer', () => {
    test('that nobody asked for, and a second one', async () => {
      const client = await stand.joined();
      const answer = await answerFirstOffer(client);
      client.notify('answer', { desc: { type: 'answer', sdp: answer } });
      expectRefused(await refusalOf(client, 'answer'), STATE, /no offer/, 'answer');
      expect(await client.request('offer', offering(fakeOffer()))).toHaveProperty('result.type', 'answer');
    });

    test.each<[string, (answer: string) => unknown, string, RegExp]>([
      ['is missing', () => undefined, PARAMS, /description/],
      ['is an offer', (sdp) => ({ type: 'offer', sdp }), PARAMS, /description/],
      ['is prose', () => ({ type: 'answer', sdp: 'yes' }), SDP, /not of the form/],
      [
        'has no ICE credentials',
        (sdp) => ({ type: 'answer', sdp: sdp.replace(/a=ice-.*\r\n/g, '') }),
        SDP,
        /ICE/,
      ],
      [
        'has no codec of the SFU',
        () => ({ type: 'answer', sdp: fakeAnswer(good).replace('VP8', 'H264') }),
        SDP,
        /section 0 \(video\)/,
      ],
    ])('that %s; the offer waits for a right one', async (_, spoil, code, fault) => {
      const client = await stand.joined();
      const { sdp } = await client.notified('offer');
      const right = fakeAnswer(String(sdp));
      client.notify('answer', { desc: spoil(right) });
      expectRefused(await refusalOf(client, 'answer'), code, fault, 'answer');

      client.notify('answer', { desc: { type: 'answer', sdp: right } });
      expect(await client.request('offer', offering(fakeOffer()))).toHaveProperty('result.type', 'answer');
      expect(client.received.filter(({ error }) => error)).toHaveLength(1);
    });
  });

  test.each<[string, unknown, string, RegExp]>([
    ['nothing', undefined, PARAMS, /"target"/],
    ['target 7', { target: 7, candidate }, PARAMS, /"target"/],
    ['target -1', { target: -1, candidate }, PARAMS, /"target"/],
    ['target "0"', { target: '0', candidate }, PARAMS, /"target"/],
    ['a text', { target: 0, candidate: candidate.candidate }, PARAMS, /"candidate"/],
    ['a list', { target: 0, candidate: [] }, PARAMS, /"candidate"/],
    ['a line that is a number', { target: 0, candidate: { candidate: 1 } }, PARAMS, /"candidate.candidate"/],
    ['a line of one letter', { target: 0, candidate: { candidate: 'x' } }, SDP, /RFC 8839/],
    ['half a line', { target: 1, candidate: { candidate: 'candidate:1 1 udp 1' } }, SDP, /RFC 8839/],
    [
      'port 65536',
      { target: 0, candidate: { candidate: 'candidate:1 1 udp 1 127.0.0.1 65536 typ host' } },
      SDP,
      /port/,
    ],
    [
      'two lines',
      { target: 0, candidate: { candidate: `${candidate.candidate}\r\na=sendrecv` } },
      SDP,
      /RFC 8839/,
    ],
    ['a NUL', { target: 0, candidate: { candidate: `${candidate.candidate}\u0000` } }, SDP, /RFC 8839/],
    [
      'a line of 2 KB',
      { target: 0, candidate: { candidate: `${candidate.candidate} a ${'b'.repeat(2_000)}` } },
      SDP,
      /too long/,
    ],
    ['section -1', { target: 0, candidate: { ...candidate, sdpMLineIndex: -1 } }, PARAMS, /"sdpMLineIndex"/],
    [
      'section 1e9',
      { target: 0, candidate: { ...candidate, sdpMLineIndex: 1e9 } },
      PARAMS,
      /"sdpMLineIndex"/,
    ],
    ['a mid that is an object', { target: 0, candidate: { ...candidate, sdpMid: {} } }, PARAMS, /"sdpMid"/],
  ])('a candidate with %s; the session goes on', async (_, params, code, fault) => {
    const client = await stand.joined();
    client.notify('trickle', params);
    expectRefused(await refusalOf(client, 'trickle'), code, fault, 'trickle');
    expect(await client.request('offer', offering(fakeOffer()))).toHaveProperty('result.type', 'answer');
  });

  test.each<[string, unknown, string, RegExp]>([
    ['no list', { subscriptions: {} }, PARAMS, /"subscriptions"/],
    ['null in the list', { subscriptions: [null] }, PARAMS, /A subscription is/],
    [
      '65 in the list',
      { subscriptions: Array(65).fill({ trackId: 't', subscribe: true }) },
      PARAMS,
      /at most 64/,
    ],
    [
      'a track that there is not',
      { subscriptions: [{ trackId: 'none', subscribe: true }] },
      PARAMS,
      /no track "none"/,
    ],
    [
      'a track of its own',
      { subscriptions: [{ trackId: 'camera', subscribe: true, layer: 'f' }] },
      PARAMS,
      /another participant/,
    ],
    ['no word of whether', { subscriptions: [{ trackId: 'camera' }] }, PARAMS, /A subscription is/],
  ])('a subscription with %s; the session goes on', async (_, params, code, fault) => {
    const client = await stand.joined({ offer: { type: 'offer', sdp: fakeOffer([layered]) } });
    expectRefused(await client.request('subscribe', params), code, fault);
    expect(await client.request('offer', offering(fakeOffer([layered])))).toHaveProperty(
      'result.type',
      'answer',
    );
  });

  test("a layer that the track has not, and its owner's update by another", async () => {
    const owner = await stand.joined({ offer: { type: 'offer', sdp: fakeOffer([layered]) } });
    const other = await stand.joined({ uid: 'other' });
    for (const layer of ['x', 'F', '', undefined, 7]) {
      const subscriptions = [{ trackId: 'camera', subscribe: true, layer }];
      expectRefused(await other.request('subscribe', { subscriptions }), PARAMS, /f, h, q/);
    }
    const update = { tracks: [{ trackId: 'camera', muted: true }] };
    expectRefused(await other.request('update', update), PARAMS, /that you publish/);
    expect(await owner.request('update', update)).toHaveProperty('result', {});
  });
});
