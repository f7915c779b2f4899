import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { fakeOffer } from '../../src/testing/index.js';
import { type IonServer, startIon } from '../support/ion.js';
import { IonPeer } from '../support/ion-peer.js';
import { MediaPublisher } from '../support/media-peer.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';

const INTERNAL = 13;
const UNKNOWN = 2;
const ADD = 0;
const REMOVE = 2;

describeReal(['ion'], 'a bare Ion SFU v1.10.0', () => {
  let ion: IonServer;
  let peers: IonPeer[] = [];

  beforeAll(async () => {
    ion = await startIon();
  });
  afterEach(() => {
    for (const peer of peers) peer.close();
    peers = [];
  });
  afterAll(async () => {
    await ion?.stop();
  });

  function peer(): IonPeer {
    const fresh = new IonPeer(ion.address);
    peers.push(fresh);
    return fresh;
  }

  async function joined(room: string, user: string, config?: Record<string, string>): Promise<IonPeer> {
    const fresh = peer();
    await fresh.probe();
    fresh.join(room, user, fakeOffer(), config);
    expect((await fresh.take('join')).success).toBe(true);
    return fresh;
  }

  // In which order is a race inside Ion: a candidate may come before the offer, and even before the join's answer.
  test('answers a join, then offers the subscriber connection and sends a candidate for each', async () => {
    const viewer = await joined('lobby', 'alice');

    expect(await viewer.take('description')).toMatchObject({ target: 1, type: 'offer' });
    const candidates = [await viewer.take('trickle'), await viewer.take('trickle')];
    expect(candidates.map(({ target }) => target).sort()).toEqual([0, 1]);
    for (const { init } of candidates) {
      expect(JSON.parse(init)).toMatchObject({ sdpMid: '', usernameFragment: null });
    }
  });

  test('answers a probe on a stream that has not joined with an error, and the stream lives on', async () => {
    const probe = peer();

    expect(await probe.probe()).toContain('no rtc transport exists');
    probe.join('lobby', 'prober', fakeOffer());
    expect((await probe.take('join')).success).toBe(true);
  });

  test('answers every join that comes right after a probe, without waiting for its answer', async () => {
    for (let count = 0; count < 150; count++) {
      const stream = peer();
      stream.send({ $case: 'trickle', value: { target: 0, init: '{}' } });
      stream.join(`room ${count}`, `user ${count}`, fakeOffer());
      expect((await stream.take('join')).success).toBe(true);
      stream.close();
    }
  });

  test('ignores an unknown target, and answers a candidate that is no JSON with an error', async () => {
    const viewer = await joined('lobby', 'alice');
    viewer.send({ $case: 'trickle', value: { target: 7 as 0, init: '{}' } });
    viewer.send({ $case: 'trickle', value: { target: 0, init: 'no json' } });
    expect((await viewer.take('error')).reason).toContain('unmarshal ice candidate error');
  });

  test.each<[string, number, (stream: IonPeer) => void]>([
    ['an offer before the join', INTERNAL, (s) => s.send(description('offer', fakeOffer()))],
    ['a join whose SDP does not parse', INTERNAL, (s) => s.join('lobby', 'alice', 'no sdp')],
  ])('ends the stream of a peer that sends %s', async (_, code, misbehave) => {
    const stream = peer();
    misbehave(stream);
    expect((await stream.ended).code).toBe(code);
  });

  test.each<[string, number, (stream: IonPeer) => void]>([
    ['an answer while no offer is pending', UNKNOWN, (s) => s.send(description('answer', fakeOffer()))],
    [
      'a malformed candidate',
      UNKNOWN,
      (s) => s.send({ $case: 'trickle', value: { target: 0, init: '{"candidate":"x"}' } }),
    ],
  ])('ends the session of a peer that sends %s', async (_, code, misbehave) => {
    const stream = await joined('lobby', 'alice');
    misbehave(stream);
    expect((await stream.ended).code).toBe(code);
  });

  test("announces a publisher's track to the strangers of other rooms, and its going too", async () => {
    const stranger = await joined('another room', 'mallory');
    const publisher = new MediaPublisher();
    const stream = peer();
    await publisher.publish(stream, 'private room', 'alice');

    const added = await stranger.take('trackEvent');
    expect(added).toMatchObject({ state: ADD, uid: 'alice' });
    expect(added.tracks).toMatchObject([
      { id: publisher.track.id, streamId: publisher.stream.id, layer: '' },
    ]);

    stream.leave();
    expect(await stranger.take('trackEvent')).toMatchObject({ state: REMOVE, uid: 'alice' });
    await publisher.close();
  });

  // Each of these takes the whole process, with every room on it: the reason for the relay's state machine.
  test.each<[string, () => Promise<void>]>([
    ['joins without a description', async () => peer().join('lobby', 'alice')],
    [
      'subscribes before it has joined',
      async () =>
        peer().send({
          $case: 'subscription',
          value: { subscriptions: [{ trackId: 't1', subscribe: true, mute: false, layer: '' }] },
        }),
    ],
    [
      'joins with NoSubscribe and leaves',
      async () => (await joined('lobby', 'alice', { NoSubscribe: 'true' })).leave(),
    ],
    [
      'joins with NoPublish, once another joins the room',
      async () => {
        const half = peer();
        half.join('lobby', 'alice', fakeOffer(), { NoPublish: 'true' });
        expect((await half.ended).code).toBe(INTERNAL);
        peer().join('lobby', 'bob', fakeOffer());
      },
    ],
  ])('dies when one peer %s', async (_, misbehave) => {
    if (!ion.alive()) await ion.restart();
    await misbehave();
    await ion.ended();
    expect(ion.log).toContain('nil pointer dereference');
  });

  test('comes back at the same address after its death', async () => {
    const { address, pid } = ion;
    await ion.restart();
    expect(ion.address).toBe(address);
    expect(ion.pid).not.toBe(pid);
    await until('a peer can join again', () => joined('lobby', 'alice'));
  });
});

function description(type: 'offer' | 'answer', sdp: string) {
  return {
    $case: 'description' as const,
    value: { target: type === 'offer' ? (0 as const) : (1 as const), type, sdp, trackInfos: [] },
  };
}
