import { afterEach, beforeEach, expect, test } from 'vitest';
import { fakeOffer } from '../../../src/testing/index.js';
import { type IonServer, startIon } from '../../support/ion.js';
import { IonPeer } from '../../support/ion-peer.js';
import { MediaPublisher } from '../../support/media-peer.js';
import { until } from '../../support/poll.js';
import { ProductionIon } from '../../support/production-ion.js';
import { describeReal } from '../../support/real.js';
import { RtcClient } from '../../support/rtc-client.js';

const OK = 0;
const INTERNAL = 13;
const UNKNOWN = 2;
const ROOM = 'lobby';
const subscription = { trackId: 't1', subscribe: true, mute: false, layer: '' };

interface Ion {
  readonly address: string;
  readonly peers: string[];
}

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of cleanUp.splice(0).reverse()) await close();
});

/** Each of these ends the process of a bare Ion. */
const fatal: [string, (ion: Ion) => Promise<IonPeer>, number][] = [
  [
    'joins without a description',
    async (ion) => {
      const peer = connect(ion);
      peer.join(ROOM, 'offender');
      return peer;
    },
    INTERNAL,
  ],
  [
    'subscribes before it has joined',
    async (ion) => {
      const peer = connect(ion);
      peer.send({ $case: 'subscription', value: { subscriptions: [subscription] } });
      return peer;
    },
    INTERNAL,
  ],
  [
    'unsubscribes before it has joined',
    async (ion) => {
      const peer = connect(ion);
      peer.send({
        $case: 'subscription',
        value: { subscriptions: [{ ...subscription, subscribe: false }] },
      });
      return peer;
    },
    INTERNAL,
  ],
  [
    'joins with NoSubscribe and leaves',
    async (ion) => {
      const peer = await joined(ion, 'offender', { NoSubscribe: 'true' });
      peer.leave();
      return peer;
    },
    INTERNAL,
  ],
];

describeReal(['ion'], 'the production Ion, unlike a bare one,', () => {
  let bare: IonServer;
  let production: ProductionIon;
  let bystander: IonPeer;

  beforeEach(async () => {
    [bare, production] = await Promise.all([
      startIon(),
      ProductionIon.start({ flags: ['-send-timeout', '2s'] }),
    ]);
    cleanUp.push(
      () => bare.stop(),
      () => production.stop(),
    );
    bystander = await joined(production, 'bystander');
  });

  test.each(fatal)('survives a peer that %s', async (_, misbehave, code) => {
    await misbehave(bare);
    await bare.ended();
    expect(bare.log).toContain('nil pointer dereference');

    expect(await (await misbehave(production)).ended).toMatchObject({
      code,
      details: expect.stringContaining('panicked'),
    });
    await expectUnharmed();
    expect(await production.metric('ion_panics_recovered_total')).toBe(1);
    expect(production.log).toMatch(/recovered: a stream's handler panicked[\s\S]*service\.go/);
  });

  test('survives a peer that joins with NoPublish, and the next one that joins its room', async () => {
    for (const ion of [bare, production]) {
      const half = connect(ion);
      half.join(ROOM, 'half', fakeOffer(), { NoPublish: 'true' });
      expect((await half.ended).code).toBe(INTERNAL);
    }
    connect(bare).join(ROOM, 'next', fakeOffer());
    await bare.ended();
    expect(bare.log).toContain('nil pointer dereference');

    (await joined(production, 'next')).leave();
    await expectUnharmed();
    expect(await production.metric('ion_abandoned_peers_closed_total')).toBe(1);
  });

  test.each<[string, (peer: IonPeer) => void, number]>([
    [
      'a malformed candidate',
      (peer) => peer.send({ $case: 'trickle', value: { target: 0, init: '{"candidate":"x"}' } }),
      UNKNOWN,
    ],
    [
      'an answer while no offer is pending',
      (peer) =>
        peer.send({
          $case: 'description',
          value: { target: 1, type: 'answer', sdp: fakeOffer(), trackInfos: [] },
        }),
      UNKNOWN,
    ],
    [
      'an offer that does not parse',
      (peer) =>
        peer.send({ $case: 'description', value: { target: 0, type: 'offer', sdp: 'no', trackInfos: [] } }),
      INTERNAL,
    ],
  ])('leaves no ghost in the room of a peer whose stream it ends for %s', async (_, misbehave, code) => {
    for (const ion of [bare, production]) {
      const peer = await joined(ion, 'offender');
      misbehave(peer);
      expect((await peer.ended).code).toBe(code);
    }
    expect(bare.peers).toContain('offender');
    await expectUnharmed();
  });

  test('leaves the peer alone that has taken the place of one whose stream it ends', async () => {
    const first = await joined(production, 'twin');
    const second = await joined(production, 'twin');
    first.send({ $case: 'trickle', value: { target: 0, init: '{"candidate":"x"}' } });
    expect((await first.ended).code).toBe(UNKNOWN);
    second.send({ $case: 'subscription', value: { subscriptions: [] } });
    expect((await second.take('subscription')).success).toBe(true);
    expect(await production.metric('ion_peers')).toBe(2);
    second.leave();
    expect((await second.ended).code).toBe(OK);
    await expectUnharmed();
  });

  test('answers every join, also one without another message before it', async () => {
    for (let count = 0; count < 600; count += 1) {
      const peer = new IonPeer(production.address);
      peer.join(`room ${count}`, 'someone', fakeOffer());
      expect((await peer.take('join')).success).toBe(true);
      peer.leave();
      expect((await peer.ended).code).toBe(OK);
      peer.close();
    }
    await expectUnharmed();
  });

  test('closes every peer of many that panic in the same seats at once', async () => {
    const peers = Array.from({ length: 100 }, (_, index) => {
      const peer = connect(production);
      peer.join(`room ${index % 5}`, `user ${index % 3}`);
      return peer;
    });
    for (const peer of peers) expect((await peer.ended).code).toBe(INTERNAL);
    expect(await production.metric('ion_panics_recovered_total')).toBe(100);
    await until('their rooms are gone', async () => (await production.metric('ion_rooms')) === 1);
    await expectUnharmed();
  });

  test('splits no room whose last peer leaves while another joins', async () => {
    const rooms = Array.from({ length: 10 }, (_, index) => `room ${index}`);
    let present: IonPeer[] = [];
    for (let round = 0; round < 10; round += 1) {
      const [leaving, joining] = [present, rooms.map(() => connect(production))];
      // The connections stand.
      for (const peer of joining) await peer.probe();
      for (const [index, peer] of joining.entries())
        peer.join(rooms[index] ?? '', `user ${round}`, fakeOffer());
      // While Ion carries out the joins.
      for (const peer of leaving) {
        peer.leave();
        await new Promise(setImmediate);
      }
      for (const peer of joining) expect((await peer.take('join')).success).toBe(true);
      for (const peer of leaving) await peer.ended;
      await until(
        'one is in each room',
        async () => (await production.metric('ion_peers')) === rooms.length + 1,
      );
      present = joining;
    }
    for (const peer of present) peer.leave();
    await expectUnharmed();
  });

  test('serves all others while a client reads nothing, and ends its stream', async () => {
    const vanish = await readsNothing(bare);
    await readsNothing(production);
    for (const ion of [bare, production]) {
      const publisher = new MediaPublisher();
      cleanUp.push(() => publisher.close());
      await publisher.publish(connect(ion), 'another room', 'publisher');
    }
    await until('a bare Ion tells of the track', () =>
      bare.log.includes('BroadcastTrackEvent existing track'),
    );
    const waiting = await joined(bare, 'waiting');
    waiting.send({ $case: 'subscription', value: { subscriptions: [] } });

    expect(await bystander.take('trackEvent')).toMatchObject({ uid: 'publisher' });
    const newcomer = await joined(production, 'newcomer');
    newcomer.send({ $case: 'subscription', value: { subscriptions: [] } });
    expect((await newcomer.take('subscription')).success).toBe(true);
    await until('its peer has gone', () => !production.peers.includes('silent'));
    expect(await production.metric('ion_streams_stalled_total')).toBe(1);

    expect(waiting.replies.some(({ $case }) => $case === 'subscription')).toBe(false);
    vanish();
    await waiting.take('subscription');
  });

  /** The process lives, of the room only the bystander is left, and it goes on. */
  async function expectUnharmed(): Promise<void> {
    expect(production.alive(), production.log).toBe(true);
    await until('only the bystander is left', () => production.peers.join() === 'bystander');
    await until('it is counted alone', async () => (await production.metric('ion_peers')) === 1);
    bystander.send({ $case: 'subscription', value: { subscriptions: [] } });
    expect((await bystander.take('subscription')).success).toBe(true);
  }
});

function connect(ion: Ion): IonPeer {
  const peer = new IonPeer(ion.address);
  cleanUp.push(() => peer.close());
  return peer;
}

async function joined(ion: Ion, user: string, config: Record<string, string> = {}): Promise<IonPeer> {
  const peer = connect(ion);
  await peer.probe();
  peer.join(ROOM, user, fakeOffer(), config);
  expect((await peer.take('join')).success).toBe(true);
  return peer;
}

/** A member of a room that reads nothing, and asks for more replies than HTTP/2 lets Ion send. */
async function readsNothing(ion: Ion): Promise<() => void> {
  const client = new RtcClient(ion.address);
  const stream = client.signal();
  stream.on('error', () => {});
  // Without a first message grpc-js stores all others.
  stream.once('data', () => stream.pause());
  const vanish = () => {
    stream.cancel();
    client.close();
  };
  cleanUp.push(vanish);
  const description = { target: 0 as const, type: 'offer', sdp: fakeOffer(), trackInfos: [] };
  stream.write({
    payload: { $case: 'join', value: { sid: 'silent', uid: 'silent', config: {}, description } },
  });
  for (let count = 0; count < 3_000; count += 1)
    stream.write({ payload: { $case: 'trickle', value: { target: 0, init: 'no json' } } });
  await until('it has joined', () => ion.peers.includes('silent'));
  return vanish;
}
