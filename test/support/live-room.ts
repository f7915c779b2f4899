import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { launchBrowser, type TestBrowser, type TestPage } from './browser.js';
import { until } from './poll.js';

/** The tabs of one test after the other, in one browser. */
class Tabs {
  #browser: TestBrowser | undefined;
  #open: TestPage[] = [];

  get browser(): TestBrowser {
    if (!this.#browser) throw new Error('the browser is not set up');
    return this.#browser;
  }

  async open(url: string): Promise<Page> {
    const tab = await this.browser.open(url);
    this.#open.push(tab);
    return tab.page;
  }

  /** Closes them; resolves with what went wrong in them. */
  async close(): Promise<string[]> {
    const closing = this.#open.splice(0);
    for (const tab of closing) await tab[Symbol.asyncDispose]();
    return closing.flatMap(({ errors }) => errors);
  }

  async setUp(camera: Parameters<typeof launchBrowser>[0]): Promise<void> {
    this.#browser = await launchBrowser(camera);
  }

  async tearDown(): Promise<void> {
    await this.#browser?.close();
  }
}

/** Tabs for the suite that this is called in; no page may log an error or throw. */
export function useTabs(camera?: Parameters<typeof launchBrowser>[0]): Tabs {
  const tabs = new Tabs();
  beforeAll(() => tabs.setUp(camera));
  afterEach(async () => {
    expect(await tabs.close()).toEqual([]);
  });
  afterAll(() => tabs.tearDown());
  return tabs;
}

/** Resolves when the list of participants is this. */
export async function lists(page: Page, names: readonly string[]): Promise<void> {
  const rows = page.getByTestId('participant').locator('.person-name');
  await until(
    `the list of participants is ${names.join(', ')}`,
    async () => (await rows.allTextContents()).sort().join() === names.join(),
  );
}

/** Resolves when the page is in the room. */
export async function connected(page: Page): Promise<void> {
  const state = page.getByTestId('state');
  await until(
    'the page is in the room',
    async () => (await state.getAttribute('data-state')) === 'connected',
  );
}

/** Writes into the chat. */
export async function say(page: Page, text: string): Promise<void> {
  await page.getByTestId('chat-text').fill(text);
  await page.getByTestId('chat-text').press('Enter');
}

/** Resolves when the chat has these messages, and no others. */
export async function reads(page: Page, texts: readonly string[]): Promise<void> {
  const messages = page.locator('[data-testid=message]:not(.pending) .words');
  await until(
    `the chat is ${texts.join(', ')}`,
    async () => (await messages.allTextContents()).join('\n') === texts.join('\n'),
  );
}

/** As a moderator: chooses from the menu of a person, or of the room. */
export async function moderate(page: Page, whom: string | undefined, what: string): Promise<void> {
  const button = whom ? page.getByLabel(`Moderate ${whom}`) : page.getByTestId('moderate-room');
  await button.click();
  await page.getByRole('menuitem', { name: what }).click();
}

/** Resolves when the page says why one is not in the room. */
export async function isTold(page: Page, title: string): Promise<void> {
  await page.getByTestId('error').getByRole('heading', { name: title }).waitFor();
}

/** Resolves when the tile of this person has shown five more frames. */
export async function showsVideo(page: Page, name: string): Promise<void> {
  const video = page.getByTestId('tile').filter({ hasText: name }).locator('video');
  await video.waitFor();
  const frames = () =>
    video.evaluate((v) => (v as HTMLVideoElement).getVideoPlaybackQuality().totalVideoFrames);
  let first: number | undefined;
  await until(`the picture of ${name} moves`, async () => {
    const now = await frames();
    first ??= now;
    return now >= first + 5;
  });
}
