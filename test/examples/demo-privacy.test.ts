import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { useDemo } from '../support/demo.js';
import { connected, isTold, moderate, showsVideo, useTabs } from '../support/live-room.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';

/** In the page: all tracks that it has opened, and what may delay the camera. */
interface Watched {
  openedTracks: MediaStreamTrack[];
  cameraGate?: Promise<void>;
  openCameraGate?: () => void;
}

describeReal(['chromium'], 'camera, microphone and screen in the demo', () => {
  const tabs = useTabs();
  const demo = useDemo();
  const open = (query: string): Promise<Page> => tabs.open(`${demo.url}/${query}`);

  /** Opens the page, and keeps a list of all tracks that it opens from then on. */
  async function enter(query: string): Promise<Page> {
    const page = await open(query);
    await connected(page);
    await page.evaluate(() => {
      const watched = window as unknown as Watched;
      watched.openedTracks = [];
      const devices = navigator.mediaDevices;
      for (const name of ['getUserMedia', 'getDisplayMedia'] as const) {
        const original = devices[name].bind(devices);
        devices[name] = async (constraints?: MediaStreamConstraints) => {
          await watched.cameraGate;
          const stream = await original(constraints);
          watched.openedTracks.push(...stream.getTracks());
          return stream;
        };
      }
    });
    return page;
  }

  const states = (page: Page): Promise<string[]> =>
    page.evaluate(() =>
      (window as unknown as Watched).openedTracks.map(({ readyState }) => String(readyState)),
    );

  async function goLive(page: Page): Promise<void> {
    await page.getByTestId('toggle-live').click();
    await showsVideo(page, 'You');
    expect(await states(page)).toEqual(['live', 'live']);
  }

  const allEnded = (page: Page): Promise<unknown> =>
    until('all tracks have ended', async () => {
      const all = await states(page);
      return all.length > 0 && all.every((state) => state === 'ended');
    });

  test.each<[string, (moderator: Page, page: Page) => Promise<void>]>([
    [
      'a kick',
      async (moderator, page) => {
        await moderate(moderator, 'Ben', 'Remove');
        await isTold(page, 'You were removed from this room');
      },
    ],
    [
      'a ban',
      async (moderator, page) => {
        await moderate(moderator, 'Ben', 'Ban');
        await moderator.getByTestId('confirm').click();
        await isTold(page, 'You are banned from this room');
      },
    ],
    [
      'the end of the room',
      async (moderator, page) => {
        await moderate(moderator, undefined, 'End for everyone');
        await moderator.getByTestId('confirm').click();
        await isTold(page, 'The room has ended');
      },
    ],
    [
      'leaving',
      async (_, page) => {
        await page.getByTestId('leave').click();
        await page.getByTestId('watch').waitFor();
      },
    ],
  ])('are released after %s', async (reason, end) => {
    const room = `private-${reason.replaceAll(' ', '-')}`;
    const ada = await open(`?room=${room}&name=Ada&auto=watch`);
    await connected(ada);
    const ben = await enter(`?room=${room}&name=Ben&auto=watch`);
    await goLive(ben);
    await showsVideo(ada, 'Ben');
    await end(ada, ben);
    await allEnded(ben);
  });

  test('who comes back after a kick is not live; a camera that was still being opened is released', async () => {
    const ada = await open('?room=private-again&name=Ada&auto=watch');
    await connected(ada);
    const ben = await enter('?room=private-again&name=Ben&auto=watch');
    await ben.evaluate(() => {
      const watched = window as unknown as Watched;
      watched.cameraGate = new Promise((resolve) => {
        watched.openCameraGate = resolve;
      });
    });
    await ben.getByTestId('toggle-live').click();
    await moderate(ada, 'Ben', 'Remove');
    await isTold(ben, 'You were removed from this room');
    await ben.evaluate(() => (window as unknown as Watched).openCameraGate?.());
    await allEnded(ben);

    const before = await states(ben);
    await ben.getByRole('button', { name: 'Join again' }).click();
    await connected(ben);
    expect(await states(ben)).toEqual(before);
  });
});
