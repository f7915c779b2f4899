import { createServer } from 'node:http';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, type TestBrowser, type TestPage } from '../support/browser.js';
import { startDemo } from '../support/demo.js';
import { startIon } from '../support/ion.js';
import { closeServer, listen } from '../support/listen.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';

type Demo = Awaited<ReturnType<typeof startDemo>>;

describeReal(['chromium'], 'the demo', () => {
  let browser: TestBrowser;
  let demo: Demo;
  let tabs: TestPage[] = [];

  beforeAll(async () => {
    browser = await launchBrowser();
    demo = await startDemo();
    await demo.process.output(/Live room\s+http/);
  });
  afterEach(async () => {
    const closing = tabs;
    tabs = [];
    for (const tab of closing) await tab[Symbol.asyncDispose]();
    expect(closing.flatMap(({ errors }) => errors)).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await demo?.process.stop();
  });

  async function open(query = ''): Promise<Page> {
    const tab = await browser.open(`${demo.url}/${query}`);
    tabs.push(tab);
    return tab.page;
  }

  test('who goes live in one tab is seen in another, and both see who is there', async () => {
    const live = await open();
    await live.getByTestId('name-input').fill('Ada');
    await live.getByTestId('room-input').fill('tea');
    await live.getByTestId('go-live').click();
    const watching = await open('?room=tea&name=Ben&auto=watch');

    await showsVideo(watching, 'Ada');
    await showsVideo(live, 'You');
    for (const page of [live, watching]) {
      await until('both are listed', async () => (await people(page)).join() === 'Ada,Ben');
      await until('a video bitrate is shown', async () =>
        /^([1-9]\d* k|\d+\.\d+ M)bit\/s/.test(await page.getByTestId('stats-video-bitrate').innerText()),
      );
    }
  });

  test('who leaves is gone for the others, and back at the door', async () => {
    const live = await open('?room=cake&name=Cleo&auto=live');
    const watching = await open('?room=cake&name=Dora&auto=watch');
    await showsVideo(watching, 'Cleo');

    await watching.getByTestId('leave').click();
    await until('Cleo is alone', async () => (await people(live)).join() === 'Cleo');
    await watching.getByTestId('watch').waitFor();
  });

  test('ends with 0 on SIGTERM, though people are in it', async () => {
    const { process: ending, url } = await startDemo();
    await ending.output(/Live room\s+http/);
    const { page } = await browser.open(`${url}/?room=tea&name=Ada&auto=watch`);
    await connected(page);

    await ending.stop();
    expect(ending.exitCode).toBe(0);
  });
});

describeReal(['chromium', 'ion'], 'the demo in front of Ion v1.10.0', () => {
  test('who goes live is seen, and seen again after the SFU has died and come back', async () => {
    const ion = await startIon();
    const demo = await startDemo({ sfuUrl: ion.address });
    const browser = await launchBrowser();
    try {
      await demo.process.output(/Live room\s+http/);
      const { page: live } = await browser.open(`${demo.url}/?room=tea&name=Ada&auto=live`);
      const { page: watching } = await browser.open(`${demo.url}/?room=tea&name=Ben&auto=watch`);
      await showsVideo(watching, 'Ada');

      await ion.stop();
      for (const page of [live, watching])
        await page.locator('[data-testid=state]:not([data-state=connected])').waitFor();
      await ion.restart();
      for (const page of [live, watching]) await connected(page);
      await showsVideo(watching, 'Ada');
    } finally {
      await browser.close();
      await demo.process.stop();
      await ion.stop();
    }
  });
});

describe('the demo on a port that is taken', () => {
  test('says which other one to try, and ends with 1', async () => {
    const server = createServer();
    const port = await listen(server);
    const { process: demo } = await startDemo({ port });
    await demo.ended();
    await closeServer(server);

    expect(demo.exitCode).toBe(1);
    expect(demo.log).toContain(`PORT=${port + 1} npm start`);
  });
});

async function people(page: Page): Promise<string[]> {
  const rows = page.getByTestId('participant').locator('.person-name');
  return (await rows.allTextContents()).sort();
}

function connected(page: Page): Promise<true> {
  const state = page.getByTestId('state');
  return until(
    'the page is in the room',
    async () => (await state.getAttribute('data-state')) === 'connected',
  );
}

/** Resolves when the tile of this person has shown ten more frames. */
async function showsVideo(page: Page, name: string): Promise<void> {
  const video = page.getByTestId('tile').filter({ hasText: name }).locator('video');
  await video.waitFor();
  const frames = () =>
    video.evaluate((v) => (v as HTMLVideoElement).getVideoPlaybackQuality().totalVideoFrames);
  let first: number | undefined;
  await until(`the picture of ${name} moves`, async () => {
    const now = await frames();
    first ??= now;
    return now >= first + 10;
  });
}
