import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { startDevSfu } from '../../src/testing/index.js';
import { startDemo, useDemo } from '../support/demo.js';
import { freePort } from '../support/listen.js';
import { connected, isTold, lists, moderate, say, showsVideo, useTabs } from '../support/live-room.js';
import { announcements, focusOf, looksRight, noteAnnouncements } from '../support/looks.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';

interface End {
  reason: string;
  title: string;
  /** The first thing to do, and what comes of it. */
  first: string;
  leadsTo: (page: Page) => Promise<void>;
  end: (moderator: Page) => Promise<void>;
}

const isAtTheStart = (page: Page) => page.getByTestId('watch').waitFor();

const ends: End[] = [
  {
    reason: 'kicked',
    title: 'You were removed from this room',
    first: 'Join again',
    leadsTo: connected,
    end: (moderator) => moderate(moderator, 'Ben', 'Remove'),
  },
  {
    reason: 'banned',
    title: 'You are banned from this room',
    first: 'Back to the start',
    leadsTo: isAtTheStart,
    end: async (moderator) => {
      await moderate(moderator, 'Ben', 'Ban');
      await moderator.getByTestId('confirm').click();
    },
  },
  {
    reason: 'ended',
    title: 'The room has ended',
    first: 'Back to the start',
    leadsTo: isAtTheStart,
    end: async (moderator) => {
      await moderate(moderator, undefined, 'End for everyone');
      await moderator.getByTestId('confirm').click();
    },
  },
];

describeReal(['chromium'], 'the demo when a visit ends or is interrupted', () => {
  const tabs = useTabs();
  const demo = useDemo();
  const open = (query: string): Promise<Page> => tabs.open(`${demo.url}/${query}`);

  test('without its server: says so with a countdown, and offers nothing that cannot work', async () => {
    const mortal = await startDemo();
    onTestFinished(() => mortal.process.stop());
    await mortal.ready();
    await using live = await tabs.browser.open(`${mortal.url}/?room=tea&name=Ada&auto=live`);
    await using watching = await tabs.browser.open(`${mortal.url}/?room=tea&name=Ben&auto=watch`);
    const { page } = watching;
    await showsVideo(page, 'Ada');
    await page.getByTestId('chat-text').fill('half a sentence');
    await noteAnnouncements(page);
    // The tests' Chromium plays sound without a click.
    await page.getByTestId('hear').evaluate((button) => button.removeAttribute('hidden'));

    await mortal.process.stop('SIGKILL');
    const banner = page.getByTestId('banner');
    await banner.getByText('No connection to the server: trying again.').waitFor();
    await banner.getByText(/Your place is kept for \d+ s/).waitFor();
    await banner.getByText('The videos have stopped.').waitFor();
    await offersNothing(page);
    expect(await page.getByTestId('leave').isEnabled()).toBe(true);
    expect(await page.getByTestId('chat-text').inputValue()).toBe('half a sentence');
    await page.getByText('Not connected: your message stays here until you can send it.').waitFor();
    await looksRight(page, 'server-dead');
    expect(await announcements(page)).toEqual([
      expect.stringMatching(/^No connection to the server: trying again\. Your place is kept for \d+ s$/),
    ]);

    // Who is live can still stop the camera.
    await live.page.getByRole('button', { name: 'Stop camera' }).click();
    await until('the camera is off', () => live.page.getByTestId('toggle-live').isDisabled());
  });

  test.each(ends)('$reason: nothing is left but the reason and what to do, which works', async (each) => {
    const { reason, title, first, leadsTo, end } = each;
    const ada = await open(`?room=${reason}&name=Ada&auto=live`);
    await connected(ada);
    const ben = await open(`?room=${reason}&name=Ben&auto=live`);
    await showsVideo(ben, 'Ada');
    await say(ada, 'hello');
    await ben.getByTestId('message').first().waitFor();
    await end(ada);

    await isTold(ben, title);
    await until('the moderator’s focus is somewhere', async () => (await focusOf(ada)) !== '');
    expect(await ben.getByTestId('error-first').innerText()).toBe(first);
    await until('the focus is on it', async () => (await focusOf(ben)) === 'error-first');
    for (const gone of ['tile', 'participant', 'message'])
      expect(await ben.getByTestId(gone).count(), gone).toBe(0);
    for (const hidden of ['toggle-live', 'like', 'chat-text', 'banner', 'state'])
      expect(await ben.getByTestId(hidden).isVisible(), hidden).toBe(false);
    expect(await ben.evaluate(() => history.state), 'a reload would come back').toBeNull();
    await looksRight(ben, reason);

    await ben.getByTestId('error-first').click();
    await leadsTo(ben);
  });

  test('locked: says that it waits, and offers to go elsewhere first', async () => {
    const ada = await open('?room=vault&name=Ada&auto=watch');
    await connected(ada);
    await moderate(ada, undefined, 'Lock the room');
    await ada.getByTestId('locked').waitFor();
    const late = await open('?room=vault&name=Cleo&auto=watch');
    await isTold(late, 'This room is locked');
    await late.getByText(/Trying again in \d+ s/).waitFor();
    expect(await late.getByTestId('error-first').innerText()).toBe('Back to the start');
    expect(await late.getByTestId('error-second').innerText()).toBe('Try now');
    await looksRight(late, 'locked');
    await late.getByTestId('error-first').click();
    await isAtTheStart(late);
  });

  test('without the SFU: says so at the entry and in the room, tries again, and joins when it is there', async () => {
    const port = await freePort();
    const alone = await startDemo({ sfuUrl: `127.0.0.1:${port}` });
    onTestFinished(() => alone.process.stop());
    await alone.ready();
    // The answer 503 of /healthz is an error in the page's log.
    await using tab = await tabs.browser.open(`${alone.url}/?room=tea&name=Ada`);
    const { page } = tab;
    const health = page.getByTestId('health');
    await health.getByText('The relay is running, but the SFU can’t be reached').waitFor();
    await health.getByText(/asking again in \d s/).waitFor();
    await looksRight(page, 'sfu-down-entry');
    await page.getByTestId('watch').click();
    await isTold(page, 'The SFU can’t be reached');
    await page.getByText(/Trying again in \d+ s/).waitFor();
    await looksRight(page, 'sfu-down-room');

    const sfu = await startDevSfu({ port });
    onTestFinished(() => sfu.stop());
    await connected(page);
    expect(await page.getByTestId('error').isVisible()).toBe(false);
  });

  test('after a reload one is back in the room, and is asked before one is live again', async () => {
    const ada = await open('?room=again&auto=live&name=Ada');
    const ben = await open('?room=again&auto=watch&name=Ben');
    await showsVideo(ben, 'Ada');
    await ben.reload();
    await showsVideo(ben, 'Ada');
    await lists(ada, ['Ada', 'Ben']);

    await ada.reload();
    await connected(ada);
    await lists(ben, ['Ada', 'Ben']);
    await ada.getByText('The page was reloaded, so you are no longer live.').waitFor();
    expect(await ada.getByTestId('tile').count()).toBe(0);
    await looksRight(ada, 'reloaded');
    await ada.getByTestId('live-again').click();
    await showsVideo(ben, 'Ada');
    expect(await ada.getByTestId('reloaded').isVisible()).toBe(false);

    await ada.getByTestId('leave').click();
    await ada.reload();
    await isAtTheStart(ada);
  });
});

/** Nothing that asks the server can be used, and nothing is said that only the server knows. */
async function offersNothing(page: Page): Promise<void> {
  expect(await page.getByTestId('state').innerText()).toBe('Reconnecting');
  for (const label of ['Live', 'Turn on sound', 'Moderate'])
    expect(await page.getByText(label, { exact: true }).filter({ visible: true }).count(), label).toBe(0);
  for (const action of ['like', 'gift-rose', 'lose-network'])
    expect(await page.getByTestId(action).evaluate((button) => button.closest('[inert]') !== null)).toBe(
      true,
    );
  for (const action of ['chat-send', 'toggle-live', 'toggle-screen'])
    expect(await page.getByTestId(action).isDisabled(), action).toBe(true);
}
