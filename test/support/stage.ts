import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { SfuRelay, SfuRelayOptions } from '../../src/index.js';
import { launchBrowser, type TestBrowser, type TestPage } from './browser.js';
import { launchFirefox, type TestFirefox } from './firefox.js';
import { type PageServer, startPageServer } from './page-server.js';
import { BrowserParticipant, type ClientLibrary, type Entry, type OpenTab } from './participant.js';
import { describeReal } from './real.js';
import { type RelayServer, startRelay } from './relay-server.js';
import { type RunningSfu, sfus } from './sfus.js';

/** An SFU, a relay in front of it and a browser, for the tests of one suite; a fresh room for each test. */
export class Stage {
  #sfu: RunningSfu | undefined;
  #relay: RelayServer | undefined;
  #pages: PageServer | undefined;
  #browser: TestBrowser | undefined;
  #firefox: TestFirefox | undefined;
  #participants: BrowserParticipant<OpenTab>[] = [];
  room = '';

  get relay(): SfuRelay {
    if (!this.#relay) throw new Error('the stage is not set up');
    return this.#relay.relay;
  }

  /** Of the relay's WebSockets. */
  get url(): string {
    if (!this.#relay) throw new Error('the stage is not set up');
    return this.#relay.url;
  }

  /** Opens a page, joins the test's room and resolves when that has succeeded. */
  async enter(user: string, options: { library?: ClientLibrary } & Partial<Entry> = {}) {
    if (!this.#browser) throw new Error('the stage is not set up');
    return this.#enter<TestPage>(this.#browser, user, options);
  }

  /** The same in Firefox, which starts when it is first needed. */
  async enterByFirefox(user: string, options: Partial<Entry> = {}) {
    this.#firefox ??= await launchFirefox();
    return this.#enter<OpenTab>(this.#firefox, user, options);
  }

  async #enter<Tab extends OpenTab>(
    browser: { open(url: string): Promise<Tab> },
    user: string,
    { library = 'sfu-relay/client', ...wishes }: { library?: ClientLibrary } & Partial<Entry>,
  ) {
    if (!this.#pages || !this.#relay) throw new Error('the stage is not set up');
    const entry = { url: this.#relay.url, room: this.room, user, ...wishes };
    const participant = await BrowserParticipant.open(browser, this.#pages.url, library, entry);
    this.#participants.push(participant);
    return participant.join();
  }

  async setUp(startSfu: () => Promise<RunningSfu>, options?: Partial<SfuRelayOptions>): Promise<void> {
    this.#sfu = await startSfu();
    this.#relay = await startRelay(this.#sfu.address, options);
    this.#pages = await startPageServer();
    this.#browser = await launchBrowser();
  }

  /** Closes the pages and gives what went wrong in them, unnoticed by the test. */
  async clear(): Promise<string[]> {
    const participants = this.#participants;
    this.#participants = [];
    const errors = participants.flatMap(({ tab }) => tab.errors);
    await Promise.all(participants.map((participant) => participant.close()));
    return errors;
  }

  async tearDown(): Promise<void> {
    await this.#firefox?.close();
    await this.#browser?.close();
    await this.#pages?.close();
    await this.#relay?.close();
    await this.#sfu?.stop();
  }
}

/** A stage for the suite that this is called in, with a relay of these options; no page may log an error or throw. */
export function useStage(startSfu: () => Promise<RunningSfu>, options?: Partial<SfuRelayOptions>): Stage {
  const stage = new Stage();
  beforeAll(() => stage.setUp(startSfu, options));
  beforeEach(() => {
    stage.room = randomUUID();
  });
  afterEach(async () => {
    expect(await stage.clear()).toEqual([]);
  });
  afterAll(() => stage.tearDown());
  return stage;
}

/** Describes what holds in real browsers, once for each SFU. */
export function describeOnEachSfu(title: string, suite: (stage: Stage) => void): void {
  for (const sfu of sfus) {
    describeReal(['chromium', ...sfu.needs], `${title}, on ${sfu.name}`, () => suite(useStage(sfu.start)));
  }
}
