import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type FaultyProxy, startFaultyProxy } from '../../src/testing/index.js';
import { startIon } from '../support/ion.js';
import type { BrowserParticipant, OpenTab } from '../support/participant.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { useStage } from '../support/stage.js';

type Participant = BrowserParticipant<OpenTab>;

/** How the connection of a client is lost, and who notices. */
const LOSSES = {
  'a cut': { what: 'both sides notice', happensTo: (net: FaultyProxy) => net.cut() },
  'a lost client': {
    what: 'the client notices, the relay takes it for open',
    happensTo: (net: FaultyProxy) => net.cut({ noticedBy: 'client' }),
  },
  'a half-open socket': { what: 'neither side notices', happensTo: (net: FaultyProxy) => net.halfOpen() },
};
/** A dead socket is noticed within 10 s; the rest is the resumption. */
const BACK_WITHIN_MS = 25_000;

for (const browser of ['chromium', 'firefox'] as const)
  describeReal(['ion', 'chromium', browser], `a client in ${browser} whose network is switched`, () => {
    // Firefox writes to the console that a socket was reset, which no page of a test may do.
    const losses = Object.entries(LOSSES)
      .filter(([loss]) => browser === 'chromium' || loss === 'a half-open socket')
      .map(([loss, { what, happensTo }]) => [loss, what, happensTo] as const);
    const stage = useStage(startIon);
    let publisherNet: FaultyProxy;
    let viewerNet: FaultyProxy;

    beforeAll(async () => {
      publisherNet = await startFaultyProxy(stage.url);
      viewerNet = await startFaultyProxy(stage.url);
    });
    afterEach(() => {
      publisherNet.cut();
      viewerNet.cut();
    });
    afterAll(async () => {
      await publisherNet?.stop();
      await viewerNet?.stop();
    });

    /** In the browser that this is about; the others are in Chromium. */
    const enter = (user: string, entry: Parameters<typeof stage.enterByFirefox>[1]): Promise<Participant> =>
      browser === 'firefox' ? stage.enterByFirefox(user, entry) : stage.enter(user, entry);
    const through = (net: FaultyProxy) => ({ url: net.url() });

    /** Notes what becomes of the connection. */
    const watch = (participant: Participant) =>
      participant.tab.page.evaluate(() => {
        window.client.on('connection', ({ state }) => {
          document.body.dataset.connection = `${document.body.dataset.connection ?? ''} ${state}`.trim();
        });
      });

    async function isBack(participant: Participant): Promise<void> {
      await until(
        'the session is resumed',
        async () =>
          (await participant.tab.page.evaluate(() => document.body.dataset.connection)) ===
          'interrupted resumed',
        { timeoutMs: BACK_WITHIN_MS },
      );
      const now = await participant.tab.page.evaluate(() => [
        window.client.state,
        window.client.session?.sessionId,
      ]);
      expect(now).toEqual(['joined', participant.sessionId]);
    }

    async function hears(viewer: Participant): Promise<void> {
      let first: number | undefined;
      await until('sound arrives', async () => {
        const received = await viewer.tab.page.evaluate(packetsOfAudio);
        first ??= received;
        return received > first + 5;
      });
    }

    async function allIsWell(publisher: Participant, viewer: Participant, camera: string): Promise<void> {
      await viewer.sees(camera);
      await hears(viewer);
      expect(await viewer.others()).toEqual(['publisher']);
      expect(await publisher.others()).toEqual(['viewer']);
      const seen = stage.relay.rooms.get(stage.room)?.participants ?? [];
      expect(seen.map(({ userId }) => userId).sort()).toEqual(['publisher', 'viewer']);
      expect([(await viewer.heard()).errors, (await publisher.heard()).errors]).toEqual([[], []]);
    }

    test.each(losses)('publishes on after %s: %s', async (_loss, _what, happensTo) => {
      const viewer = await stage.enter('viewer', { role: 'subscriber' });
      const publisher = await enter('publisher', through(publisherNet));
      const camera = await publisher.publishCamera();
      await allIsWell(publisher, viewer, camera);
      await watch(publisher);
      happensTo(publisherNet);
      await isBack(publisher);
      await allIsWell(publisher, viewer, camera);
      const { participants } = await viewer.heard();
      expect(participants.map(({ state }) => state)).not.toContain('left');
    });

    test.each(losses)('watches on after %s: %s', async (_loss, _what, happensTo) => {
      const viewer = await enter('viewer', { role: 'subscriber', ...through(viewerNet) });
      const publisher = await stage.enter('publisher');
      const camera = await publisher.publishCamera();
      await allIsWell(publisher, viewer, camera);
      await watch(viewer);
      happensTo(viewerNet);
      await isBack(viewer);
      await allIsWell(publisher, viewer, camera);
    });
  });

/** In the page. */
async function packetsOfAudio(): Promise<number> {
  const report = await window.client.subscriber?.getStats();
  const received = [...(report?.values() ?? [])].filter(
    ({ type, kind }) => type === 'inbound-rtp' && kind === 'audio',
  );
  return received.reduce((sum, { packetsReceived = 0 }) => sum + packetsReceived, 0);
}
