import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { useServer } from '../../src/adapters/ws.js';
import { anonymous, SfuRelay } from '../../src/index.js';
import { launchBrowser, type TestBrowser } from '../support/browser.js';
import { type IonServer, startIon } from '../support/ion.js';
import { closeServer } from '../support/listen.js';
import { type PageServer, startPageServer } from '../support/page-server.js';
import { BrowserParticipant, type Entry } from '../support/participant.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';

describeReal(['ion', 'chromium'], 'the client comes back by itself', () => {
  let ion: IonServer;
  let relay: { port: number; close(): Promise<void> };
  let pages: PageServer;
  let browser: TestBrowser;
  let room: string;
  let participants: BrowserParticipant[] = [];

  beforeAll(async () => {
    ion = await startIon();
    relay = await startRelayAt(0, ion.address);
    pages = await startPageServer();
    browser = await launchBrowser();
  });
  beforeEach(() => {
    room = randomUUID();
  });
  afterEach(async () => {
    const closing = participants;
    participants = [];
    for (const participant of closing) await participant.close();
  });
  afterAll(async () => {
    await browser?.close();
    await pages?.close();
    await relay?.close();
    await ion?.stop();
  });

  async function open(user: string, role: NonNullable<Entry['role']> = 'publisher') {
    const entry: Entry = { url: `ws://127.0.0.1:${relay.port}/rtc`, room, user, role };
    const participant = await BrowserParticipant.open(browser, pages.url, 'sfu-relay/client', entry);
    participants.push(participant);
    return participant;
  }
  const enter = async (...who: Parameters<typeof open>) => (await open(...who)).join();

  test('where it left an offer of the SFU unanswered; the others see on', async () => {
    const publisher = await enter('publisher');
    const camera = await publisher.publishCamera();
    const viewer = await enter('viewer', 'subscriber');
    await viewer.sees(camera);

    const stuck = await open('stuck');
    await stuck.tab.page.evaluate(swallowOneAnswer);
    await stuck.join();
    const ofStuck = await stuck.publishCamera();
    const [session] = await sessions(stuck);
    await until('it has another session', async () => {
      const [now] = await sessions(stuck);
      return now !== undefined && now !== session;
    });

    await Promise.all([
      stuck.sees(camera),
      viewer.sees(camera),
      viewer.sees(ofStuck),
      publisher.sees(ofStuck),
    ]);
    const { participants: heard, closes } = await viewer.heard();
    const ofOthers = heard.filter(({ participant }) => participant.userId !== 'stuck');
    expect([ofOthers, closes]).toEqual([[], []]);
    expect(await viewer.others()).toEqual(['publisher', 'stuck']);
  });

  test('where the relay is restarted', async () => {
    const publisher = await enter('publisher');
    const camera = await publisher.publishCamera();
    const viewer = await enter('viewer', 'subscriber');
    await viewer.sees(camera);
    const before = await sessions(publisher, viewer);

    await relay.close();
    relay = await startRelayAt(relay.port, ion.address);
    await allAnew(before, publisher, viewer);
    await viewer.sees(camera);
    expect((await viewer.heard()).closes).toEqual([]);
  });

  test('where the SFU dies and is started again', async () => {
    const publisher = await enter('publisher');
    const camera = await publisher.publishCamera();
    const viewer = await enter('viewer', 'subscriber');
    await viewer.sees(camera);
    const before = await sessions(publisher, viewer);

    process.kill(ion.pid, 'SIGKILL');
    await ion.ended();
    await allAre('reconnecting-media', publisher, viewer);
    await ion.restart();
    await allAre('joined', publisher, viewer);
    await viewer.sees(camera);
    expect(await sessions(publisher, viewer)).toEqual(before);
    expect((await viewer.heard()).closes).toEqual([]);
  });
});

/** In the page: the next answer to the SFU is lost on its way. */
function swallowOneAnswer(): void {
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (data) {
    if (JSON.parse(String(data)).method !== 'answer') return send.call(this, data);
    WebSocket.prototype.send = send;
  };
}

function sessions(...participants: BrowserParticipant[]): Promise<(string | undefined)[]> {
  return Promise.all(
    participants.map(({ tab }) => tab.page.evaluate(() => window.client.session?.sessionId)),
  );
}

async function allAnew(before: (string | undefined)[], ...participants: BrowserParticipant[]): Promise<void> {
  await until('everybody has a session, and another one', async () =>
    (await sessions(...participants)).every((session, index) => session && session !== before[index]),
  );
}

async function allAre(state: string, ...participants: BrowserParticipant[]): Promise<void> {
  for (const { tab } of participants)
    await until(
      `everybody is ${state}`,
      async () => (await tab.page.evaluate(() => window.client.state)) === state,
    );
}

/** A relay on a port of our choice, which does not wait long for answers. */
async function startRelayAt(port: number, sfuAddress: string) {
  const relay = new SfuRelay({
    authenticate: anonymous(),
    sfu: { serverUrl: sfuAddress },
    answerTimeoutMs: 1_500,
  });
  const http = createServer();
  const sockets = new WebSocketServer({ server: http, path: '/rtc' });
  useServer(relay, sockets);
  http.listen(port, '127.0.0.1');
  await once(http, 'listening');
  return {
    port: (http.address() as AddressInfo).port,
    async close() {
      await relay.close({ timeoutMs: 2_000 });
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      await closeServer(http);
    },
  };
}
