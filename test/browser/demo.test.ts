import { createServer } from 'node:http';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, type TestBrowser } from '../support/browser.js';
import { type Demo, startDemo } from '../support/demo.js';
import { startIon } from '../support/ion.js';
import { closeServer, listen } from '../support/listen.js';
import { connected, lists, showsVideo, Tabs } from '../support/live-room.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';

describeReal(['chromium'], 'the demo', () => {
  let browser: TestBrowser;
  let demo: Demo;
  let tabs: Tabs;

  beforeAll(async () => {
    browser = await launchBrowser();
    tabs = new Tabs(browser);
    demo = await startDemo();
    await demo.ready();
  });
  afterEach(async () => {
    expect(await tabs.close()).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await demo?.process.stop();
  });

  const open = (query = ''): Promise<Page> => tabs.open(`${demo.url}/${query}`);

  test('who goes live in one tab is seen in another, and both see who is there', async () => {
    const live = await open();
    await live.getByTestId('name-input').fill('Ada');
    await live.getByTestId('room-input').fill('tea');
    await live.getByTestId('go-live').click();
    const watching = await open('?room=tea&name=Ben&auto=watch');

    await showsVideo(watching, 'Ada');
    await showsVideo(live, 'You');
    for (const page of [live, watching]) {
      await lists(page, ['Ada', 'Ben']);
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
    await lists(live, ['Cleo']);
    await watching.getByTestId('watch').waitFor();
  });

  test('ends with 0 on SIGTERM, though people are in it', async () => {
    const { process: ending, url, ready } = await startDemo();
    await ready();
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
      await demo.ready();
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
