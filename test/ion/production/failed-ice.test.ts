import { afterEach, expect, test } from 'vitest';
import { fakeAnswer, fakeOffer } from '../../../src/testing/index.js';
import { launchBrowser } from '../../support/browser.js';
import { startIon } from '../../support/ion.js';
import { IonPeer } from '../../support/ion-peer.js';
import { startPageServer } from '../../support/page-server.js';
import { BrowserParticipant } from '../../support/participant.js';
import { until } from '../../support/poll.js';
import { ProductionIon } from '../../support/production-ion.js';
import { describeReal } from '../../support/real.js';
import { startRelay } from '../../support/relay-server.js';

const INTERNAL = 13;
const ROOM = 'lobby';
const cleanUp: (() => unknown)[] = [];

describeReal(['ion', 'chromium'], 'the production Ion', () => {
  afterEach(async () => {
    for (const close of cleanUp.splice(0).reverse()) await close();
  });

  test('survives a subscription to a layer after ICE has failed, of which a bare Ion dies', async () => {
    const bare = await startIon({ iceTimeoutSeconds: 2 });
    cleanUp.push(() => bare.stop());
    await (await subscribesTooLate(bare)).ended;
    await bare.ended();
    expect(bare.log).toContain('nil pointer dereference');

    const change = (toml: string) =>
      toml
        .replace(/^disconnected = .*/m, 'disconnected = 1')
        .replace(/^failed = .*/m, 'failed = 1')
        // The state of ICE is in its log.
        .replace('level = "info"', 'level = "debug"');
    const production = await ProductionIon.start({ change });
    cleanUp.push(() => production.stop());
    expect((await (await subscribesTooLate(production)).ended).code).toBe(INTERNAL);
    await until('its peer has gone', () => !production.peers.includes('lost'));
    expect(await production.metric('ion_panics_recovered_total')).toBe(1);
    expect(await publishedLayer(production.address)).toBeDefined();
  });
});

/** One without ICE that subscribes to a layer of a publisher in Chromium. */
async function subscribesTooLate(ion: { address: string; log: string }): Promise<IonPeer> {
  const server = await startRelay(ion.address);
  cleanUp.push(() => server.close());
  const pages = await startPageServer();
  cleanUp.push(() => pages.close());
  const browser = await launchBrowser();
  cleanUp.push(() => browser.close());
  const publisher = await BrowserParticipant.open(browser, pages.url, 'sfu-relay/client', {
    url: server.url,
    room: ROOM,
    user: 'publisher',
  });
  await publisher.join();
  await publisher.publishCamera({ simulcast: true });
  const { id: trackId, layer } = await until('the SFU has a layer', () => publishedLayer(ion.address));

  const lost = new IonPeer(ion.address);
  cleanUp.push(() => lost.close());
  await lost.probe();
  lost.join(ROOM, 'lost', fakeOffer(), { NoAutoSubscribe: 'true' });
  await lost.take('join');
  const { sdp } = await lost.take('description');
  lost.send({
    $case: 'description',
    value: { target: 1, type: 'answer', sdp: fakeAnswer(sdp), trackInfos: [] },
  });
  await until('ICE has failed, of both its connections', () => {
    const failed = ion.log.match(/ice connection status .*state=\S*?failed/g) ?? [];
    return failed.length >= 2;
  });
  lost.send({
    $case: 'subscription',
    value: { subscriptions: [{ trackId, subscribe: true, mute: false, layer }] },
  });
  return lost;
}

/** What a newcomer to the room is told of, before its next request is answered. */
async function publishedLayer(address: string) {
  const newcomer = new IonPeer(address);
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
