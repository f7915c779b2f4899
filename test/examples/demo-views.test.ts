import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { useDemo } from '../support/demo.js';
import { connected, lists, moderate, reads, say, showsVideo, useTabs } from '../support/live-room.js';
import { focusOf, looksRight } from '../support/looks.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';

describeReal(['chromium'], 'what the demo looks like', () => {
  const tabs = useTabs();
  const demo = useDemo();
  const open = (query = ''): Promise<Page> => tabs.open(`${demo.url}/${query}`);

  test('the entry, and a room in which nobody is live', async () => {
    const page = await open('?room=tea&name=Ada');
    await page.getByText('Relay and SFU are ready').waitFor();
    await looksRight(page, 'entry');

    await page.getByTestId('watch').click();
    await page.getByText('Nobody is live yet').waitFor();
    await looksRight(page, 'empty-room');

    await page.getByTestId('leave').click();
    await page.getByTestId('watch').waitFor();
    expect(await focusOf(page)).toBe('entry-title');
  });

  test('a room with videos, a chat, its menus and its dialogs', async () => {
    const ada = await open('?room=cake&name=Ada Lovelace&auto=live');
    await connected(ada);
    const grace = await open('?room=cake&name=Grace Hopper&auto=live');
    await showsVideo(ada, 'Grace');
    const long =
      'A sentence that is long enough for a second line in any chat, so that one sees how it breaks.';
    await say(grace, long);
    await reads(ada, [long]);
    await say(ada, 'yes');
    await reads(grace, [long, 'yes']);
    await grace.getByTestId('gift-rocket').click();
    await ada.getByTestId('gift-card').waitFor();
    await looksRight(ada, 'room');

    await ada.getByLabel('Moderate Grace Hopper').click();
    await ada.getByRole('menuitem', { name: 'Ban' }).waitFor();
    await looksRight(ada, 'menu');
    await ada.getByRole('menuitem', { name: 'Ban' }).click();
    await ada.getByTestId('confirm').waitFor();
    await looksRight(ada, 'confirm');
    await ada.getByRole('button', { name: 'Cancel' }).click();
    await until('the focus is back', async () => (await focusOf(ada)) === 'Moderate Grace Hopper');

    await moderate(ada, undefined, 'Lock the room');
    await grace.getByTestId('locked').waitFor();
    await looksRight(grace, 'locked-room');
  });

  test('on a phone: the sheets with the people, the chat and the statistics, and the gifts', async () => {
    const page = await open('?room=phone&name=Ada&auto=live');
    await showsVideo(page, 'You');
    await page.setViewportSize({ width: 390, height: 844 });
    for (const [button, name] of [
      ['show-people', 'People'],
      ['show-stats', 'Connection'],
      ['show-chat', 'Chat'],
    ] as const) {
      await page.locator(`#${button}`).click();
      await page.locator('#panel-title').getByText(name).waitFor();
      expect(await focusOf(page)).toBe('panel-close');
      await looksRight(page, `sheet-${name.toLowerCase()}`);
      await page.keyboard.press('Escape');
      await until('the focus is back at the button', async () => (await focusOf(page)) === button);
    }
    await page.locator('#show-gifts').click();
    await looksRight(page, 'gifts');
  });

  test('everybody has an avatar of their own, and the controls come early in the order of the keyboard', async () => {
    const names = ['Ada', 'Adam', 'Alan', 'Alma', 'Anna', 'Axel', 'Ben', 'Bea'];
    const first = await open(`?room=faces&name=${names[0]}&auto=watch`);
    await connected(first);
    for (const name of names.slice(1)) await connected(await open(`?room=faces&name=${name}&auto=watch`));
    await lists(first, [...names].sort());
    const faces = await first
      .locator('#people-list .avatar')
      .evaluateAll((avatars) =>
        avatars.map((avatar) => `${getComputedStyle(avatar).backgroundColor} ${avatar.textContent}`),
      );
    expect(new Set(faces.map((face) => face.split(') ')[0])).size).toBe(names.length);
    await looksRight(first, 'people');

    await first.locator('#room-title').focus();
    const order: string[] = [];
    for (let n = 0; n < 6; n += 1) {
      await first.keyboard.press('Tab');
      order.push(await focusOf(first));
      const ring = await first.evaluate(
        () => getComputedStyle(document.activeElement ?? document.body).outlineWidth,
      );
      expect(ring, `the focus ring of ${order.at(-1)}`).toBe('2px');
    }
    expect(order).toContain('live');
    expect(order.indexOf('live')).toBeLessThan(4);
  });

  test('moves nothing for those who prefer reduced motion', async () => {
    const page = await open('?room=still&name=Ada&auto=watch');
    await connected(page);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.getByTestId('like').click();
    await until('it is counted', async () => (await page.getByTestId('like-total').innerText()) === '1');
    expect(await page.locator('.heart').count()).toBe(0);
    const moving = () =>
      page.evaluate(
        () =>
          document.getAnimations().filter(({ effect }) => Number(effect?.getComputedTiming().duration) > 1)
            .length,
      );
    expect(await moving()).toBe(0);
  });
});
