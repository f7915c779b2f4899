import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { useDemo } from '../support/demo.js';
import { connected, showsVideo, useTabs } from '../support/live-room.js';
import { focusOf, looksRight } from '../support/looks.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';

/** Asked about the camera: what the page says of it. */
const help = (page: Page) => page.getByTestId('camera-help');

describeReal(['chromium'], 'the demo where the camera is not allowed', () => {
  const tabs = useTabs('refused');
  const demo = useDemo();

  test('says how to allow it in this browser, tries again, and goes on without', async () => {
    const page = await tabs.open(`${demo.url}/?room=tea&name=Ada&auto=live`);
    await help(page).getByText('The camera is not allowed').waitFor();
    await help(page)
      .getByText(/choose “Allow” when the browser asks|the icon at the left of the address/)
      .waitFor();
    await looksRight(page, 'camera-denied');
    expect(await page.getByTestId('tile').count(), 'nobody is live yet').toBe(0);

    await page.getByTestId('camera-again').click();
    await help(page).getByText('The camera is not allowed').waitFor();
    await page.keyboard.press('Escape');
    await until('the focus is back in the room', async () => (await focusOf(page)) !== '');
    expect(await page.getByTestId('tile').count()).toBe(0);

    await page.getByTestId('toggle-live').click();
    await page.getByTestId('without-camera').click();
    await showsVideo(page, 'You');
    await page.getByTestId('tile').getByText('Generated video').waitFor();
    await page.getByRole('button', { name: 'Stop video' }).waitFor();

    await page.getByTestId('toggle-live').click();
    await page.context().grantPermissions(['camera', 'microphone']);
    await page.getByTestId('toggle-live').click();
    await page.getByRole('button', { name: 'Stop camera' }).waitFor();
  });
});

describeReal(['chromium'], 'the demo without a camera', () => {
  const tabs = useTabs('none');
  const demo = useDemo();

  test('says that there is none, and goes on without', async () => {
    const page = await tabs.open(`${demo.url}/?room=tea&name=Ada&auto=live`);
    await help(page).getByText('No camera was found').waitFor();
    await looksRight(page, 'camera-missing');
    await page.getByTestId('without-camera').click();
    await showsVideo(page, 'You');
  });
});

describeReal(['chromium'], 'the demo with a camera', () => {
  const tabs = useTabs();
  const demo = useDemo();
  const open = (query: string): Promise<Page> => tabs.open(`${demo.url}/${query}`);

  test('says that another program uses it, until it does not', async () => {
    const page = await open('?room=busy&name=Ada&auto=watch');
    await connected(page);
    await page.evaluate(() => {
      const devices = navigator.mediaDevices;
      const original = devices.getUserMedia.bind(devices);
      devices.getUserMedia = (constraints) => {
        if (!constraints?.video || !document.documentElement.classList.contains('busy'))
          return original(constraints);
        return Promise.reject(new DOMException('Could not start video source', 'NotReadableError'));
      };
      document.documentElement.classList.add('busy');
    });
    await page.getByTestId('toggle-live').click();
    await help(page).getByText('The camera is in use').waitFor();
    await looksRight(page, 'camera-busy');
    await page.evaluate(() => document.documentElement.classList.remove('busy'));
    await page.getByTestId('camera-again').click();
    await page.getByRole('button', { name: 'Stop camera' }).waitFor();
  });

  test('the button says what it stops: the camera, the screen, or both', async () => {
    const page = await open('?room=stop&name=Ada&auto=watch');
    await connected(page);
    // Headless, there is no screen to choose.
    await page.evaluate(() => {
      const canvas = document.createElement('canvas');
      canvas.getContext('2d');
      navigator.mediaDevices.getDisplayMedia = async () => canvas.captureStream(5);
    });
    const [live, screen] = [page.getByTestId('toggle-live'), page.getByTestId('toggle-screen')];
    const labels = async () => [await live.innerText(), await screen.innerText()];
    const says = (...words: string[]) =>
      until(`the buttons say ${words}`, async () => (await labels()).join() === words.join());
    const tiles = (count: number) =>
      until(`there are ${count} tiles`, async () => (await page.getByTestId('tile').count()) === count);

    await says('Go live', 'Share screen');
    await screen.click();
    await says('Add camera', 'Stop screen');
    await live.click();
    await says('Stop both', 'Stop screen');
    await tiles(2);
    await looksRight(page, 'camera-and-screen');
    await screen.click();
    await says('Stop camera', 'Share screen');
    await tiles(1);
    await screen.click();
    await live.click();
    await says('Go live', 'Share screen');
    await tiles(0);
  });
});
