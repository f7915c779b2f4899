import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.js';
import { type IonServer, startIon } from '../support/ion.js';
import { NativeClient, type NativeStack } from '../support/native-client.js';
import { startPageServer } from '../support/page-server.js';
import { BrowserParticipant } from '../support/participant.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { type RelayServer, startRelay } from '../support/relay-server.js';

describeReal(['ion', 'aiortc', 'gstreamer', 'chromium'], 'native clients, over the real Ion', () => {
  let ion: IonServer;
  let server: RelayServer;
  let clients: NativeClient[] = [];

  beforeAll(async () => {
    ion = await startIon();
    server = await startRelay(ion.address);
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.stop()));
    clients = [];
  });
  afterAll(async () => {
    await server?.close();
    await ion?.stop();
  });

  function enter(stack: NativeStack, room: string, user: string): NativeClient {
    const client = new NativeClient(stack, { url: server.url, room, user });
    clients.push(client);
    return client;
  }

  /** It decodes sound and video, and goes on to. */
  async function watches(client: NativeClient): Promise<void> {
    await until('sound and video are decoded', () => {
      const { audio, video } = client.decoded;
      if (audio < 20 || video < 20)
        throw new Error(`${audio} of audio, ${video} of video\n${client.log.slice(-3000)}`);
      return true;
    });
    const before = client.decoded;
    await until('further frames are decoded', () => {
      const { audio, video } = client.decoded;
      return audio > before.audio && video > before.video;
    });
  }

  test.each<[NativeStack, NativeStack]>([
    ['aiortc', 'aiortc'],
    ['webrtcbin', 'webrtcbin'],
    ['aiortc', 'webrtcbin'],
  ])('%s and %s see and hear each other', async (one, other) => {
    const room = randomUUID();
    const pair = [enter(one, room, 'one'), enter(other, room, 'other')];
    await Promise.all(pair.map(watches));
    for (const client of pair) expect(client.refusals, client.log).toEqual([]);
  });

  test('aiortc, webrtcbin and Chromium are in one room, each with all the others', async () => {
    const room = randomUUID();
    const pages = await startPageServer();
    const browser = await launchBrowser();
    try {
      const natives = [enter('aiortc', room, 'aiortc'), enter('webrtcbin', room, 'webrtcbin')];
      const entry = { url: server.url, room, user: 'chromium', role: 'publisher' } as const;
      const chromium = await BrowserParticipant.open(browser, pages.url, 'sfu-relay/client', entry);
      await chromium.join();
      const camera = await chromium.publishCamera();
      const others = () => {
        const { participants } = server.relay.rooms.get(room) ?? {};
        return new Set(
          participants
            ?.flatMap(({ tracks }) => tracks.map(({ streamId }) => streamId))
            .filter((id) => id !== camera),
        );
      };
      await until('both publish', () => others().size === 2);
      for (const stream of others()) await chromium.sees(stream);
      for (const client of natives)
        await until(
          'two videos are decoded',
          () => client.videos >= 2 || Promise.reject(new Error(client.log.slice(-2_000))),
        );
    } finally {
      await browser.close();
      await pages.close();
    }
  });
});
