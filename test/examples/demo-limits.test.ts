import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { useDemo } from '../support/demo.js';
import { connected, lists, moderate, say, showsVideo, useTabs } from '../support/live-room.js';
import { announcements, looksRight, noteAnnouncements } from '../support/looks.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';

describeReal(['chromium'], 'what somebody may not do in the demo', () => {
  const tabs = useTabs();
  const demo = useDemo();
  const open = (query: string): Promise<Page> => tabs.open(`${demo.url}/${query}`);

  test('who is muted reads it for as long as it lasts, and so does the moderator', async () => {
    const ada = await open('?room=mute&name=Ada&auto=watch');
    await connected(ada);
    const ben = await open('?room=mute&name=Ben&auto=live');
    await showsVideo(ada, 'Ben');
    const row = (page: Page) => page.getByTestId('participant').filter({ hasText: 'Ben' });
    const reads = (page: Page, text: string, isThere: boolean) =>
      until(`${text}: ${isThere}`, async () => (await row(page).innerText()).includes(text) === isThere);

    await moderate(ada, 'Ben', 'Mute video and audio');
    await ben.getByTestId('cut').waitFor();
    await moderate(ada, 'Ben', 'Mute in the chat');
    await ben.getByTestId('chat-notice').getByText('A moderator has muted you in the chat').waitFor();
    for (const page of [ada, ben]) {
      await reads(page, 'Muted in the chat', true);
      await reads(page, 'Muted', true);
    }
    for (const page of [ada, ben])
      expect(await page.getByTestId('tile').getByText('Live', { exact: true }).isVisible()).toBe(false);
    expect(await ben.getByTestId('chat-text').isDisabled()).toBe(true);
    await looksRight(ben, 'muted');
    await looksRight(ada, 'muted-by-moderator');

    await moderate(ada, 'Ben', 'Unmute in the chat');
    await moderate(ada, 'Ben', 'Unmute video and audio');
    await ben.getByTestId('cut').waitFor({ state: 'hidden' });
    for (const page of [ada, ben]) await reads(page, 'Muted', false);
    await say(ben, 'thank you');
    await ada.getByTestId('message').getByText('thank you').waitFor();
    await lists(ada, ['Ada', 'Ben']);
  });

  test('who writes too fast reads when they can write again, and loses no word', async () => {
    const page = await open('?room=flood&name=Ada&auto=watch');
    await connected(page);
    await noteAnnouncements(page);
    await page.evaluate(() => {
      const form = document.querySelector('#chat-form') as HTMLFormElement;
      const field = form.querySelector('input') as HTMLInputElement;
      // More than two budgets: one may begin in the middle of them.
      for (let n = 0; n < 60; n += 1) {
        field.value = 'again';
        form.requestSubmit();
      }
    });
    await page
      .getByText(/Slow down a little: you can write again in \d s/)
      .first()
      .waitFor();
    await looksRight(page, 'rate-limited');
    expect(await page.getByTestId('chat-text').inputValue()).toBe('again');
    await until('it is over', () => page.getByTestId('chat-send').isEnabled());
    expect(await page.getByTestId('chat-notice').innerText()).toBe('');
    const messages = page.locator('[data-testid=message]:not(.pending)');
    const before = await messages.count();
    await page.getByTestId('chat-send').click();
    await until('it is there', async () => (await messages.count()) === before + 1);
    const told = (await announcements(page)).filter((text) => text.startsWith('Slow down'));
    expect(new Set(told).size, told.join()).toBeLessThanOrEqual(2);
  });
});
