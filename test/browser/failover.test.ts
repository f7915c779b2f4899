import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { useServer } from '../../src/adapters/ws.js';
import { anonymous, SfuRelay } from '../../src/index.js';
import { launchBrowser, type TestBrowser } from '../support/browser.js';
import { type IonServer, startIon } from '../support/ion.js';
import { closeServer, listen } from '../support/listen.js';
import { type PageServer, startPageServer } from '../support/page-server.js';
import { BrowserParticipant, type Entry } from '../support/participant.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';

/** What the client has told, by its own events. */
interface Told {
  states: string[];
  interruptions: string[];
  tracks: number;
  ended: number;
}

describeReal(['ion', 'chromium'], 'a session survives the loss of its SFU node', () => {
  let nodes: IonServer[] = [];
  let relay: SfuRelay;
  let url: string;
  let closeRelay: () => Promise<void>;
  let pages: PageServer;
  let browser: TestBrowser;
  let room: string;
  let participants: BrowserParticipant[] = [];

  beforeAll(async () => {
    pages = await startPageServer();
    browser = await launchBrowser();
  });
  beforeEach(async () => {
    room = randomUUID();
    nodes = [await startIon(), await startIon()];
    relay = new SfuRelay({
      authenticate: anonymous(),
      sfu: { mode: 'cluster', clusterNodes: nodes.map(({ address }) => address) },
    });
    const http = createServer();
    const sockets = new WebSocketServer({ server: http, path: '/rtc' });
    useServer(relay, sockets);
    url = `ws://127.0.0.1:${await listen(http)}/rtc`;
    closeRelay = async () => {
      await relay.close({ timeoutMs: 2_000 });
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      await closeServer(http);
    };
  });
  afterEach(async () => {
    const closing = participants;
    participants = [];
    for (const participant of closing) await participant.close();
    await closeRelay();
    for (const node of nodes) await node.stop();
  });
  afterAll(async () => {
    await browser?.close();
    await pages?.close();
  });

  async function enter(user: string, role: NonNullable<Entry['role']> = 'publisher') {
    const entry: Entry = { url, room, user, role };
    const participant = await BrowserParticipant.open(browser, pages.url, 'sfu-relay/client', entry);
    participants.push(participant);
    return participant.join();
  }

  /** The node that has the room. */
  const placed = () => nodes.find(({ arrivals, alive }) => alive() && arrivals.length > 0);

  test.each(['SIGKILL', 'SIGSTOP'] as const)(
    'by %s: the viewer sees on in the same stream, and nobody is told of a leave or an error',
    async (signal) => {
      const publisher = await enter('publisher');
      const camera = await publisher.publishCamera();
      const viewer = await enter('viewer', 'subscriber');
      await viewer.sees(camera);
      await Promise.all([listenTo(publisher), listenTo(viewer)]);
      const before = await sessions(publisher, viewer);

      const lost = placed();
      if (!lost) throw new Error('no node has the room');
      process.kill(lost.pid, signal);
      for (const participant of [publisher, viewer])
        await until('the media is there again', async () => {
          const { states } = await told(participant);
          return states.join() === 'reconnecting-media,joined';
        });
      await viewer.sees(camera);

      expect(await sessions(publisher, viewer)).toEqual(before);
      for (const participant of [publisher, viewer]) {
        expect(await told(participant)).toEqual({
          states: ['reconnecting-media', 'joined'],
          interruptions: [expect.any(String)],
          tracks: 0,
          ended: 0,
        });
        const { errors, closes, participants: changes } = await participant.heard();
        expect([errors, closes]).toEqual([[], []]);
        expect(changes.filter(({ state }) => state === 'left')).toEqual([]);
      }
    },
  );
});

/** Notes the events of the client from now on. */
function listenTo({ tab }: BrowserParticipant): Promise<void> {
  return tab.page.evaluate(() => {
    const heard: Told = { states: [], interruptions: [], tracks: 0, ended: 0 };
    Object.assign(window, { told: heard });
    window.client.on('state', (state) => heard.states.push(state));
    window.client.on('interrupted', ({ reason }) => heard.interruptions.push(reason));
    window.client.on('track', () => {
      heard.tracks += 1;
    });
    window.client.on('trackended', () => {
      heard.ended += 1;
    });
  });
}

function told({ tab }: BrowserParticipant): Promise<Told> {
  return tab.page.evaluate(() => (window as unknown as { told: Told }).told);
}

function sessions(...participants: BrowserParticipant[]): Promise<(string | undefined)[]> {
  return Promise.all(
    participants.map(({ tab }) => tab.page.evaluate(() => window.client.session?.sessionId)),
  );
}
