import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Grants } from '../../src/index.js';
import { launchBrowser, type TestBrowser, type TestPage } from '../support/browser.js';
import { type IonServer, startIon } from '../support/ion.js';
import { type PageServer, startPageServer } from '../support/page-server.js';
import { BrowserParticipant } from '../support/participant.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { type RelayServer, startRelay } from '../support/relay-server.js';

interface RawClient {
  join(entry: { url: string; room: string; user: string; channel?: string }): Promise<Refusal | undefined>;
  open(channel: string): Promise<Refusal | undefined>;
  openOnSubscriber(channel: string): void;
  rejectChannels(): Promise<Refusal | undefined>;
  isOpen(channel: string): boolean;
  say(channel: string, text: string): void;
  heard: string[];
}

interface Refusal {
  message: string;
  data: { code: string };
}

declare global {
  interface Window {
    rawClient: RawClient;
  }
}

const ROOM = 'lobby';
const SILENT = { canPublish: false, canPublishData: false };
const GRANTS: Record<string, Grants> = { viewer: SILENT, mallory: SILENT };

/** A client in Chromium that speaks to the relay and to the SFU without any library. */
class RawPeer {
  readonly #page: Page;
  readonly #url: string;

  constructor(page: Page, url: string) {
    this.#page = page;
    this.#url = url;
  }

  join = (user: string, channel?: string) =>
    this.#page.evaluate((entry) => window.rawClient.join(entry), {
      url: `${this.#url}?token=${user}`,
      room: ROOM,
      user,
      ...(channel !== undefined && { channel }),
    });

  open = (channel: string) => this.#page.evaluate((name) => window.rawClient.open(name), channel);

  openOnSubscriber = (channel: string) =>
    this.#page.evaluate((name) => window.rawClient.openOnSubscriber(name), channel);

  rejectChannels = () => this.#page.evaluate(() => window.rawClient.rejectChannels());

  heard = () => this.#page.evaluate(() => window.rawClient.heard);

  isOpen = (channel: string) =>
    until(`the channel "${channel}" is open`, () =>
      this.#page.evaluate((name) => window.rawClient.isOpen(name), channel),
    );

  say = (channel: string, text: string) =>
    this.#page.evaluate(([name, what]) => window.rawClient.say(name, what), [channel, text] as const);

  /** Says it on a channel that the other one has, too. */
  async tell(other: RawPeer, channel: string, text: string): Promise<void> {
    await Promise.all([this.isOpen(channel), other.isOpen(channel)]);
    await this.say(channel, text);
    await other.hears(text);
  }

  hears = (text: string) =>
    until(`"${text}" arrives`, async () => {
      const heard = await this.heard();
      if (!heard.includes(text)) throw new Error(JSON.stringify(heard));
      return true;
    });
}

describeReal(['chromium', 'ion'], 'data channels, on Ion v1.10.0', () => {
  let ion: IonServer;
  let server: RelayServer;
  let pages: PageServer;
  let browser: TestBrowser;
  const open: TestPage[] = [];

  beforeAll(async () => {
    ion = await startIon();
    server = await startRelay(ion.address, {
      authenticate: ({ token = '' }) => ({ userId: token, grants: GRANTS[token] ?? {} }),
    });
    pages = await startPageServer();
    browser = await launchBrowser();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((page) => page[Symbol.asyncDispose]()));
    await until('the room is empty', () => server.relay.sessions.size + server.relay.streamCount === 0);
    expect(ion.alive(), ion.log).toBe(true);
  });
  afterAll(async () => {
    await browser?.close();
    await pages?.close();
    await server?.close();
    await ion?.stop();
  });

  async function raw(): Promise<RawPeer> {
    const tab = await browser.open(`${pages.url}/pages/channels.html`);
    open.push(tab);
    await until('the page is there', () => tab.page.evaluate(() => window.rawClient !== undefined));
    return new RawPeer(tab.page, server.url);
  }

  async function enter(user: string): Promise<BrowserParticipant> {
    const entry = { url: `${server.url}?token=${user}`, room: ROOM, user };
    const participant = await BrowserParticipant.open(browser, pages.url, 'sfu-relay/client', entry);
    open.push(participant.tab);
    return participant.join();
  }

  // Why the relay refuses the section, and not the channel: SDP names none.
  test('whoever may offer one reaches the whole room, and opens it for everybody else there', async () => {
    const [alice, bob, mallory] = [await raw(), await raw(), await raw()];
    await alice.join('alice');
    expect(await mallory.join('mallory')).toBeUndefined();
    await bob.join('bob', 'whiteboard');
    await bob.tell(alice, 'whiteboard', 'of bob');
    // The SFU opens it on every subscriber connection, where the relay can't refuse the section: `ion-sfu` is in it.
    await mallory.tell(alice, 'whiteboard', 'of mallory');
  });

  test('who may not send messages has none: not with its join, not later, not on its subscriber connection', async () => {
    const [alice, mallory] = [await raw(), await raw()];
    await alice.join('alice');
    const refusal = { data: { code: 'ERR_RELAY_FORBIDDEN' } };
    expect(await mallory.join('mallory', 'evil')).toMatchObject(refusal);
    const second = await raw();
    expect(await second.join('mallory')).toBeUndefined();
    expect(await second.open('evil')).toMatchObject(refusal);
    // The SFU takes it, and passes nothing on.
    await second.openOnSubscriber('evil');
    await second.isOpen('evil');
    await second.say('evil', 'of mallory');

    const bob = await raw();
    await bob.join('bob', 'whiteboard');
    await bob.tell(alice, 'whiteboard', 'of bob');
    expect(await alice.heard()).not.toContain('of mallory');
  });

  test('who may not send messages any more joins afresh: the SFU serves the channels that it has for as long as the peer is there', async () => {
    const [alice, bob] = [await raw(), await raw()];
    await alice.join('alice');
    await bob.join('bob', 'whiteboard');
    await bob.tell(alice, 'whiteboard', 'before');
    await bob.rejectChannels();
    await bob.tell(alice, 'whiteboard', 'in a section that is rejected');

    const [session] = [...server.relay.sessions.values()].filter(({ userId }) => userId === 'bob');
    await server.relay.updateGrants(session?.id ?? '', { canPublishData: false });
    await bob.hears('close 4412');
    expect(await alice.heard()).not.toContain('close 4412');
  });

  test('a viewer without them watches, hears who speaks, chooses layers, and publishes when it is allowed to', async () => {
    const publisher = await enter('publisher');
    const viewer = await enter('viewer');
    const camera = await publisher.publishCamera({ simulcast: true });
    await viewer.sees(camera);
    await publisher.tab.page.evaluate(() => {
      const senders = window.client.publisher?.getSenders() ?? [];
      const microphone = senders.find(({ track }) => track?.kind === 'audio')?.track;
      setInterval(() => {
        if (microphone) microphone.enabled = !microphone.enabled;
      }, 2_000);
    });
    await viewer.hears('the fake microphone', ({ speakers }) => speakers.includes(camera));
    await chooseAndSee(viewer, camera, 'low', (height) => height > 0 && height <= 540 / 4);
    await chooseAndSee(viewer, camera, 'high', (height) => height > 540 / 2);
    expect((await viewer.tryPublish()).refused?.code).toBe('ERR_RELAY_FORBIDDEN');

    const { sessionId } = viewer;
    await server.relay.updateGrants(sessionId, { canPublish: true });
    await publisher.sees(await viewer.publishCamera());
    await server.relay.updateGrants(sessionId, { canPublishData: true });
    await server.relay.updateGrants(sessionId, { canPublishData: false });
    await viewer.sees(camera);
    expect(server.relay.getSession(sessionId)?.state).toBe('joined');
  });
});

async function chooseAndSee(
  viewer: BrowserParticipant,
  streamId: string,
  layer: 'high' | 'low',
  isRight: (height: number) => boolean,
): Promise<void> {
  const { page } = viewer.tab;
  await page.evaluate(([id, wanted]) => window.client.setLayer(id, wanted), [streamId, layer] as const);
  const video = page.locator(`video[id="${streamId}"]`);
  await until(`the picture is of the layer "${layer}"`, async () =>
    isRight(await video.evaluate((element) => (element as HTMLVideoElement).videoHeight)),
  );
}
