import { afterEach, beforeEach, expect, test } from 'vitest';
import { fakeAnswer, fakeCandidate, fakeOffer } from '../../../src/testing/index.js';
import { WireClient } from '../../contract/wire-client.js';
import { launchBrowser } from '../../support/browser.js';
import { passTime, resetClocks, STEPS, stepClock } from '../../support/clock.js';
import { type IonServer, startIon } from '../../support/ion.js';
import { IonPeer } from '../../support/ion-peer.js';
import { startPageServer } from '../../support/page-server.js';
import { BrowserParticipant } from '../../support/participant.js';
import { until } from '../../support/poll.js';
import { describeReal } from '../../support/real.js';
import { type RelayServer, startRelay } from '../../support/relay-server.js';

const UNKNOWN = 2;
const INTERNAL = 13;
const ROOM = 'lobby';
const receiver = { kind: 'video', streamId: 's', trackId: 't', direction: 'recvonly' } as const;

let ion: IonServer;
const cleanUp: (() => unknown)[] = [];

/** What the relay's guard leans on: each of these is why it refuses something. */
describeReal(['ion'], 'a bare Ion SFU v1.10.0, when', () => {
  beforeEach(async () => {
    ion = await startIon({ iceTimeoutSeconds: 2 });
  });
  afterEach(async () => {
    for (const close of cleanUp.splice(0)) await close();
    await ion.stop();
  });

  // The relay can't see ICE fail: the session ends, and its ghost is laid.
  test.each<[string, number, RegExp, (peer: IonPeer) => void]>([
    [
      'a candidate of its publisher connection',
      UNKNOWN,
      /ICEAgent does not exist/,
      (peer) => peer.send({ $case: 'trickle', value: { target: 0, init: fakeCandidate() } }),
    ],
    [
      'a candidate of its subscriber connection',
      UNKNOWN,
      /ICEAgent does not exist/,
      (peer) => peer.send({ $case: 'trickle', value: { target: 1, init: fakeCandidate() } }),
    ],
    ['an offer', INTERNAL, /offered ignored/, (peer) => peer.send(description('offer', fakeOffer()))],
  ])('ICE has failed, ends the stream of a peer for %s, and keeps its ghost', async (_, code, why, send) => {
    const peer = await withFailedIce();
    send(peer);
    expect(await peer.ended).toMatchObject({ code, details: expect.stringMatching(why) });
    expect(ion.peers).toEqual(['lost']);
  });

  test('ICE has failed, goes on with a peer that ends a subscription, or leaves', async () => {
    const peer = await withFailedIce();
    const subscription = { trackId: 't', subscribe: false, mute: false, layer: '' };
    peer.send({ $case: 'subscription', value: { subscriptions: [subscription] } });
    expect((await peer.take('subscription')).success).toBe(true);
    peer.leave();
    expect((await peer.ended).code).toBe(0);
    await until('the peer has left', () => ion.peers.length === 0);
  });

  test.each<[string, 'allow' | 'refuse', string]>([
    ['', 'allow', fakeOffer()],
    [' without data channels', 'refuse', fakeOffer([receiver], { dataChannel: false })],
  ])(
    'ICE has failed, ends a session of the relay%s: the client is told, and no ghost is left',
    async (_, dataChannels, sdp) => {
      const server = await startRelay(ion.address, { dataChannels });
      cleanUp.push(() => server.close());
      const client = await WireClient.dial(server.url);
      await client.request('join', { sid: ROOM, uid: 'sleeper', offer: { type: 'offer', sdp } });
      const pending = await client.notified('offer');
      client.notify('answer', { desc: { type: 'answer', sdp: fakeAnswer(String(pending.sdp)) } });
      await iceHasFailed(2);

      client.notify('trickle', { target: 0, candidate: JSON.parse(fakeCandidate()) });
      expect((await client.closed).code).toBe(4502);
      await until('the SFU has nobody', () => ion.peers.length === 0);
      expect(server.relay.sessions.size).toBe(0);
    },
  );

  async function joined(uid: string, room = ROOM, config: Record<string, string> = {}): Promise<IonPeer> {
    const peer = new IonPeer(ion.address);
    cleanUp.push(() => peer.close());
    await peer.probe();
    peer.join(room, uid, fakeOffer(), config);
    await peer.take('join');
    return peer;
  }

  /** A peer that has negotiated all, whose ICE never came about. */
  async function withFailedIce(): Promise<IonPeer> {
    const peer = await joined('lost', ROOM, { NoAutoSubscribe: 'true' });
    const { sdp } = await peer.take('description');
    peer.send(description('answer', fakeAnswer(sdp)));
    await iceHasFailed(2);
    return peer;
  }
});

describeReal(['ion', 'chromium'], 'when ICE has failed,', () => {
  let server: RelayServer;

  beforeEach(async () => {
    ion = await startIon({ iceTimeoutSeconds: 2 });
    cleanUp.push(() => ion.stop());
    server = await startRelay(ion.address);
    cleanUp.push(() => server.close());
    const pages = await startPageServer();
    cleanUp.push(() => pages.close());
    const browser = await launchBrowser();
    cleanUp.push(() => browser.close());
    const entry = { url: server.url, room: ROOM, user: 'publisher' };
    const publisher = await BrowserParticipant.open(browser, pages.url, 'sfu-relay/client', entry);
    await publisher.join();
    await publisher.publishCamera({ simulcast: true });
  });
  afterEach(async () => {
    resetClocks();
    for (const close of cleanUp.splice(0).reverse()) await close();
  });

  test('a bare Ion SFU v1.10.0 dies of a subscription to a layer', async () => {
    const { id: trackId, layer } = await until('the SFU has a layer', publishedLayer);
    const lost = new IonPeer(ion.address);
    cleanUp.push(() => lost.close());
    await lost.probe();
    lost.join(ROOM, 'lost', fakeOffer(), { NoAutoSubscribe: 'true' });
    await lost.take('join');
    const { sdp } = await lost.take('description');
    lost.send(description('answer', fakeAnswer(sdp)));
    await iceHasFailed(2);
    lost.send({
      $case: 'subscription',
      value: { subscriptions: [{ trackId, subscribe: true, mute: false, layer }] },
    });
    await ion.ended();
    expect(ion.log).toContain('nil pointer dereference');
  });

  test.each(STEPS)(
    'the relay lets no such subscription pass, where the clock was set %s',
    async (_, stepMs) => {
      const { id: trackId, layer } = await until('the SFU has a layer', publishedLayer);
      const lost = await WireClient.dial(server.url);
      cleanUp.push(() => lost.vanish());
      const offer = { type: 'offer', sdp: fakeOffer() };
      await lost.request('join', { sid: ROOM, uid: 'lost', offer, config: { NoAutoSubscribe: 'true' } });
      const pending = await lost.notified('offer');
      lost.notify('answer', { desc: { type: 'answer', sdp: fakeAnswer(String(pending.sdp)) } });
      await iceHasFailed(2);
      passTime(20_000);
      stepClock(stepMs);
      const { error } = await lost.request('subscribe', {
        subscriptions: [{ trackId, subscribe: true, layer }],
      });
      expect(error?.data?.code).toBe('ERR_RELAY_INVALID_STATE');
      expect(await server.relay.healthCheck()).toMatchObject({ ok: true });
      expect(ion.alive()).toBe(true);
    },
  );
});

/** What a newcomer to the room is told of: all that is in the room, before its next request is answered. */
async function publishedLayer() {
  const newcomer = new IonPeer(ion.address);
  await newcomer.probe();
  newcomer.join(ROOM, 'newcomer', fakeOffer());
  newcomer.send({ $case: 'subscription', value: { subscriptions: [] } });
  await newcomer.take('subscription');
  newcomer.close();
  const tracks = newcomer.replies.flatMap((reply) =>
    reply.$case === 'trackEvent' ? reply.value.tracks : [],
  );
  return tracks.find(({ layer }) => layer !== '');
}

/** Ion logs it for each of its peer connections. */
async function iceHasFailed(connections: number): Promise<void> {
  await until('ICE has failed', () => {
    const states = [...ion.log.matchAll(/ice connection status .*state=\S*?(checking|connected|failed)/g)];
    return states.filter(([, state]) => state === 'failed').length >= connections;
  });
}

function description(type: 'offer' | 'answer', sdp: string) {
  const target = type === 'offer' ? (0 as const) : (1 as const);
  return { $case: 'description' as const, value: { target, type, sdp, trackInfos: [] } };
}
