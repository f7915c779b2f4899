import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Session } from '../../src/index.js';
import { launchBrowser, type TestBrowser } from '../support/browser.js';
import { type IonServer, startIon } from '../support/ion.js';
import { type PageServer, startPageServer } from '../support/page-server.js';
import { BrowserParticipant, type Entry } from '../support/participant.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { type RelayServer, startRelay } from '../support/relay-server.js';

declare global {
  interface Window {
    /** What the application hears but participants, and the longest time between two frames that are shown, in ms. */
    kept: { events: string[]; gap: number };
  }
}

/** Between two frames that a viewer is shown, while a peer is replaced: 15 a second are sent, on a machine that is busy. */
const MAX_GAP_MS = 1_500;

describeReal(['ion', 'chromium'], 'those who stay', () => {
  let ion: IonServer;
  let relay: RelayServer;
  let pages: PageServer;
  let browser: TestBrowser;
  let room: string;
  let participants: BrowserParticipant[] = [];

  beforeAll(async () => {
    ion = await startIon();
    pages = await startPageServer();
    browser = await launchBrowser();
    // An answer of some 60 sections is near it.
    relay = await startRelay(ion.address, {}, { maxMessageBytes: 80_000 });
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

  async function enter(user: string, role: NonNullable<Entry['role']> = 'publisher') {
    const entry: Entry = { url: relay.url, room, user, role };
    const participant = await BrowserParticipant.open(browser, pages.url, 'sfu-relay/client', entry);
    participants.push(participant);
    await participant.join();
    await participant.tab.page.evaluate(watch);
    return participant;
  }

  function sessionOf({ sessionId }: BrowserParticipant): Session {
    const session = relay.relay.getSession(sessionId);
    if (!session) throw new Error('it has another session');
    return session;
  }

  /** The relay tells the client to replace its peer; resolves when the old one has gone. */
  async function replacePeer(participant: BrowserParticipant): Promise<void> {
    const session = sessionOf(participant);
    const { peer } = session;
    const streams = relay.relay.streamCount;
    session.emitter.emit('rejoin', { peer, afterMs: 0, reason: 'A test.' });
    await until('another peer serves the session', () => session.peer > peer);
    await until('the old peer has left', () => relay.relay.streamCount === streams);
  }

  const keptBy = ({ tab }: BrowserParticipant) =>
    tab.page.evaluate(() => ({ events: window.kept.events, gap: window.kept.gap }));

  describe('a peer that is replaced', () => {
    test("of a viewer: the application's tracks and streams go on, and it hears nothing", async () => {
      const publisher = await enter('publisher');
      const camera = await publisher.publishCamera();
      const viewer = await enter('viewer', 'subscriber');
      await viewer.sees(camera);
      await viewer.tab.page.evaluate(measureGap);
      const before = await viewer.tab.page.evaluate(() =>
        window.client.tracks.map(({ stream }) => stream.id),
      );
      await replacePeer(viewer);
      await viewer.sees(camera);
      expect(
        await viewer.tab.page.evaluate(() => window.client.tracks.map(({ stream }) => stream.id)),
      ).toEqual(before);
      const { events, gap } = await keptBy(viewer);
      expect(events.filter((event) => event !== 'track')).toEqual([]);
      expect(gap).toBeLessThan(MAX_GAP_MS);
      expect(await publisher.others()).toEqual(['viewer']);
    });

    test('of a publisher: its viewers see it on, in the same streams, and nobody left', async () => {
      const publisher = await enter('publisher');
      const camera = await publisher.publishCamera();
      const viewer = await enter('viewer', 'subscriber');
      await viewer.sees(camera);
      await viewer.tab.page.evaluate(measureGap);
      await replacePeer(publisher);
      await viewer.sees(camera);
      const { events, gap } = await keptBy(viewer);
      expect(events.filter((event) => event !== 'track')).toEqual([]);
      expect(gap).toBeLessThan(MAX_GAP_MS);
      expect((await viewer.heard()).participants).toEqual([]);
      expect((await keptBy(publisher)).events).toEqual([]);
      expect((await viewer.received()).map(({ kind }) => kind).sort()).toEqual(['audio', 'video']);
      expect((await publisher.received()).length).toBe(0);
    });
  });

  test('a camera that is switched on and off 300 times is seen, and nobody has noticed a limit', async () => {
    const publisher = await enter('publisher');
    const viewer = await enter('viewer', 'subscriber');
    const refused = await publisher.tab.page.evaluate(toggle, 300);
    expect(refused).toEqual([]);
    const camera = await publisher.publishCamera();
    await viewer.sees(camera);
    expect([sessionOf(publisher).peer > 1, sessionOf(viewer).peer > 1]).toEqual([true, true]);
    for (const each of [publisher, viewer]) {
      const { errors, closes } = await each.heard();
      expect([errors, closes]).toEqual([[], []]);
      expect((await keptBy(each)).events.filter((event) => !event.startsWith('track'))).toEqual([]);
    }
  }, 120_000);
});

/** In the page: what the application hears. */
function watch(): void {
  window.kept = { events: [], gap: 0 };
  const { client, kept } = window;
  for (const name of ['track', 'trackended', 'state', 'error', 'close'] as const)
    client.on(name as 'track', () => kept.events.push(name));
}

/** In the page: the longest time between two frames that are shown, from now on. */
function measureGap(): void {
  const [video] = document.getElementsByTagName('video');
  let last = performance.now();
  const next = () => {
    const now = performance.now();
    window.kept.gap = Math.max(window.kept.gap, now - last);
    last = now;
    video?.requestVideoFrameCallback(next);
  };
  video?.requestVideoFrameCallback(next);
}

/** In the page: a video is published and unpublished, again and again. */
async function toggle(times: number): Promise<string[]> {
  const canvas = Object.assign(document.createElement('canvas'), { width: 160, height: 90 });
  const context = canvas.getContext('2d');
  const drawing = setInterval(() => {
    if (context) context.fillStyle = `hsl(${performance.now() % 360} 80% 50%)`;
    context?.fillRect(0, 0, 160, 90);
  }, 50);
  const refused: string[] = [];
  for (let n = 0; n < times; n += 1) {
    const stream = canvas.captureStream(10);
    try {
      await window.client.publish(stream);
      // The SFU offers what has media.
      await new Promise((resolve) => setTimeout(resolve, 50));
      await window.client.unpublish(stream);
    } catch (error) {
      refused.push(String(error));
    }
    for (const track of stream.getTracks()) track.stop();
  }
  clearInterval(drawing);
  return refused;
}
