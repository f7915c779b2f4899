import { afterEach, beforeEach, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.js';
import { launchFirefox } from '../support/firefox.js';
import { startIon } from '../support/ion.js';
import { IonCluster } from '../support/ion-cluster.js';
import { startPageServer } from '../support/page-server.js';
import { BrowserParticipant, type ClientLibrary, type Entry, type OpenTab } from '../support/participant.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { type RelayServer, startRelay } from '../support/relay-server.js';

const ROOM = 'moving';

declare global {
  interface Window {
    hasNoticed(): boolean;
  }
}

describeReal(['ion', 'chromium', 'firefox'], 'in a room that moves from one Ion to another', () => {
  let ends: (() => Promise<unknown>)[] = [];
  let server: RelayServer;
  let enterByFirefox: (user: string) => Promise<BrowserParticipant<OpenTab>>;
  let enter: (user: string, library?: ClientLibrary, role?: Entry['role']) => Promise<BrowserParticipant>;

  beforeEach(async () => {
    const ions = await IonCluster.start(2, startIon);
    server = await startRelay({ mode: 'cluster', clusterNodes: ions.addresses }, { logger: false });
    const pages = await startPageServer();
    const browser = await launchBrowser();
    ends = [() => browser.close(), () => pages.close(), () => server.close(), () => ions.stop()];
    const entry = { url: server.url, room: ROOM };
    const library = 'sfu-relay/client';
    enter = async (user, its = library, role = 'publisher') =>
      (await BrowserParticipant.open(browser, pages.url, its, { ...entry, user, role })).join();
    enterByFirefox = async (user) => {
      const firefox = await launchFirefox();
      ends.unshift(() => firefox.close());
      return (await BrowserParticipant.open(firefox, pages.url, library, { ...entry, user })).join();
    };
  });
  afterEach(async () => {
    for (const end of ends) await end();
  });

  /** Resolves when the viewer receives the video of a stream in this width. */
  const shows = (viewer: BrowserParticipant, streamId: string, width: number) =>
    until(
      `the video has a width of ${width}`,
      async () => {
        const found = await viewer.tab.page.evaluate(async (id) => {
          const track = window.client.tracks.find((each) => each.streamId === id)?.track;
          const report = track
            ? [...((await window.client.subscriber?.getStats(track))?.values() ?? [])]
            : [];
          return report.find(({ type }) => type === 'inbound-rtp')?.frameWidth;
        }, streamId);
        if (found !== width) throw new Error(`the width is ${found}`);
        return true;
      },
      { timeoutMs: 60_000 },
    );

  // A switch of Ion's can hang when the new layer's key frame is lost.
  test('a viewer keeps the layer that it has chosen', { retry: 2 }, async () => {
    const publisher = await enter('publisher');
    const viewer = await enter('viewer', 'sfu-relay/client', 'subscriber');
    const video = await publisher.publishCanvas({ width: 1_280, height: 720 }, { simulcast: true });
    await shows(viewer, video, 1_280);
    await viewer.tab.page.evaluate((id) => window.client.setLayer(id, 'low'), video);
    await shows(viewer, video, 320);

    const { from, ...moved } = await server.relay.moveRoom(ROOM);
    expect(moved).toMatchObject({ moved: 2, closed: 0 });
    await until('the old peers have left', () =>
      server.relay.nodes.some(({ serverUrl, streams }) => serverUrl === from && streams === 0),
    );
    await shows(viewer, video, 320);
    await viewer.sees(video);
  });

  test('a publisher that has muted its microphone stays muted', async () => {
    const publisher = await enter('publisher');
    const viewer = await enter('viewer', 'sfu-relay/client', 'subscriber');
    const camera = await publisher.publishCamera();
    await viewer.sees(camera);
    const announced = () =>
      viewer.tab.page.evaluate(() =>
        [...window.client.participants.values()].flatMap(({ tracks }) => tracks),
      );
    const before = (await announced()).map(({ trackId }) => trackId);
    await publisher.tab.page.evaluate(async () => {
      const senders = window.client.publisher?.getSenders() ?? [];
      const track = senders.find((sender) => sender.track?.kind === 'audio')?.track;
      if (track) await window.client.setMuted(track, true);
    });
    await until('the mute is announced', async () => (await announced()).some(({ muted }) => muted));
    expect(await server.relay.moveRoom(ROOM)).toMatchObject({ moved: 2, closed: 0 });
    await until('the tracks have other ids', async () =>
      (await announced()).every(({ trackId }) => !before.includes(trackId)),
    );
    const muted = (await announced()).map((track) => [track.kind, track.muted]);
    expect(Object.fromEntries(muted)).toEqual({ audio: true, video: false });
    await viewer.sees(camera);
  });

  test('a publisher with ion-sdk-js is sent away at the deadline, and is back at once on the other node', async () => {
    const publisher = await enter('publisher', 'ion-sdk-js');
    const viewer = await enter('viewer');
    await viewer.sees(await publisher.publishCamera());
    const node = server.relay.rooms.get(ROOM)?.node;
    const closes = publisher.tab.page.evaluate(
      () =>
        new Promise<number>((resolve) =>
          window.addEventListener('gone', (event) => resolve((event as CustomEvent).detail)),
        ),
    );
    expect(await server.relay.moveRoom(ROOM, { deadlineMs: 1_000 })).toMatchObject({ moved: 1, closed: 1 });
    expect(await closes).toBe(1001);
    await publisher.join();
    const camera = await publisher.publishCamera();
    await until('it is shown again', async () => ((await viewer.framesDecoded())[camera] ?? 0) > 0);
    expect(server.relay.rooms.get(ROOM)?.node).not.toBe(node);
  });

  test('Firefox goes on sending and receiving, in the same streams', async () => {
    const [fox, other] = [await enterByFirefox('fox'), await enter('other')];
    const [sent, received] = [await fox.publishCamera(), await other.publishCamera()];
    await Promise.all([fox.sees(received), other.sees(sent)]);
    await fox.tab.page.evaluate(() => {
      const { client } = window;
      const streams = client.tracks.map(({ stream }) => stream);
      let changes = 0;
      client.on('track', () => {
        changes += 1;
      });
      client.on('trackended', () => {
        changes += 1;
      });
      window.hasNoticed = () => changes > 0 || !client.tracks.every(({ stream }) => streams.includes(stream));
    });
    const { from, ...moved } = await server.relay.moveRoom(ROOM);
    expect(moved).toMatchObject({ moved: 2, closed: 0 });
    await until('the old peers have left', () =>
      server.relay.nodes.some(({ serverUrl, streams }) => serverUrl === from && streams === 0),
    );
    await Promise.all([fox.sees(received), other.sees(sent)]);
    expect(await fox.tab.page.evaluate(() => window.hasNoticed())).toBe(false);
  });
});
