import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startIon } from '../support/ion.js';
import type { BrowserParticipant, OpenTab } from '../support/participant.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { useStage } from '../support/stage.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';

type Participant = BrowserParticipant<OpenTab>;

/** How the connection of a client is lost, and who notices. */
const LOSSES = {
  cutAll: 'both sides notice',
  strandAll: 'the client notices, the relay takes it for open',
  halfOpenAll: 'neither side notices',
} as const;
/** A dead socket is noticed within 10 s; the rest is the new session. */
const BACK_WITHIN_MS = 25_000;

for (const browser of ['chromium', 'firefox'] as const)
  describeReal(['ion', 'chromium', browser], `a client in ${browser} whose network is switched`, () => {
    // Firefox writes to the console that a socket was reset, which no page of a test may do.
    const losses = (Object.entries(LOSSES) as [keyof typeof LOSSES, string][]).filter(
      ([loss]) => browser === 'chromium' || loss === 'halfOpenAll',
    );
    const stage = useStage(startIon);
    let publisherNet: TcpProxy;
    let viewerNet: TcpProxy;

    beforeAll(async () => {
      const port = Number(new URL(stage.url).port);
      publisherNet = await startTcpProxy(port);
      viewerNet = await startTcpProxy(port);
    });
    afterEach(() => {
      publisherNet.cutAll();
      viewerNet.cutAll();
    });
    afterAll(async () => {
      await publisherNet?.close();
      await viewerNet?.close();
    });

    /** In the browser that this is about; the others are in Chromium. */
    const enter = (user: string, entry: Parameters<typeof stage.enterByFirefox>[1]): Promise<Participant> =>
      browser === 'firefox' ? stage.enterByFirefox(user, entry) : stage.enter(user, entry);
    const through = ({ port }: TcpProxy) => ({ url: `ws://127.0.0.1:${port}/rtc` });

    async function hasAnotherSession(participant: Participant): Promise<void> {
      await until(
        'the client is back',
        async () => {
          const session = await participant.tab.page.evaluate(() => window.client.session?.sessionId);
          const state = await participant.tab.page.evaluate(() => window.client.state);
          return state === 'joined' && session && session !== participant.sessionId;
        },
        { timeoutMs: BACK_WITHIN_MS },
      );
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

    test.each(losses)('publishes again after %s: %s', async (loss) => {
      const viewer = await stage.enter('viewer', { role: 'subscriber' });
      const publisher = await enter('publisher', through(publisherNet));
      const camera = await publisher.publishCamera();
      await allIsWell(publisher, viewer, camera);
      publisherNet[loss]();
      await hasAnotherSession(publisher);
      await allIsWell(publisher, viewer, camera);
      const { participants } = await viewer.heard();
      expect(participants.map(({ state }) => state)).toEqual(['joined', 'left', 'joined']);
    });

    test.each(losses)('watches again after %s: %s', async (loss) => {
      const viewer = await enter('viewer', { role: 'subscriber', ...through(viewerNet) });
      const publisher = await stage.enter('publisher');
      const camera = await publisher.publishCamera();
      await allIsWell(publisher, viewer, camera);
      viewerNet[loss]();
      await hasAnotherSession(viewer);
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
