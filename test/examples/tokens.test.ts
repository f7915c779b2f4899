import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { useDemo } from '../support/demo.js';
import { connected, showsVideo, useTabs } from '../support/live-room.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';

describeReal(['chromium'], 'the demo, with tokens', () => {
  const tabs = useTabs();
  const demo = useDemo();

  async function enter(
    userId: string,
    seconds: number,
    auto: 'live' | 'watch',
    renew: boolean,
  ): Promise<Page> {
    const body = JSON.stringify({ userId, video: { room: 'tokens', roomJoin: true }, seconds });
    const token = await (await fetch(`${demo.url}/tokens`, { method: 'POST', body })).text();
    return tabs.open(`${demo.url}/?room=tokens&auto=${auto}#token=${token}${renew ? '&renew' : ''}`);
  }

  const stateOf = (page: Page) => page.getByTestId('state').getAttribute('data-state');

  test('a token that is renewed interrupts neither who is live nor who watches', async () => {
    const live = await enter('Ada', 4, 'live', true);
    const watching = await enter('Ben', 4, 'watch', true);
    await showsVideo(watching, 'Ada');
    const end = Date.now() + 5_000;
    for (const page of [live, watching])
      await page.evaluate(() => {
        document.querySelector('[data-testid=tile] video')?.setAttribute('data-first', '');
        const state = document.querySelector('[data-testid=state]') as HTMLElement;
        const log = () => {
          state.dataset.seen = `${state.dataset.seen ?? ''} ${state.dataset.state}`;
        };
        log();
        new MutationObserver(log).observe(state, { attributeFilter: ['data-state'] });
      });

    await until('the first tokens have expired', () => Date.now() > end);
    await showsVideo(watching, 'Ada');
    for (const page of [live, watching]) {
      expect(await page.locator('video[data-first]').count()).toBe(1);
      expect(await page.getByTestId('state').getAttribute('data-seen')).toBe(' connected');
    }
  });

  test('one that is not renewed ends the stay', async () => {
    // On a busy machine a token may have expired before its page is in the room: then one that lasts longer.
    for (let seconds = 3, isIn = false; !isIn; seconds *= 2) {
      const page = await enter('Cleo', seconds, 'watch', false);
      await until('the page is in the room, or out', async () => {
        const state = await stateOf(page);
        isIn = state === 'connected';
        return isIn || state === 'failed';
      });
      await until('the page is out', async () => (await stateOf(page)) === 'failed');
    }
  });

  test('its grants are those that were ticked on the page which signs it', async () => {
    const page = await tabs.open(`${demo.url}/token/`);
    await page.locator('input[name=userId]').fill('Dora');
    await page.locator('input[name=canPublish]').uncheck();
    await page.getByTestId('sign').click();
    await page.getByTestId('enter').waitFor();
    expect(JSON.parse(await page.getByTestId('claims').innerText())).toMatchObject({
      sub: 'Dora',
      video: { room: 'lobby', roomJoin: true, canPublish: false, canSubscribe: true, roomAdmin: false },
    });
    const url = new URL((await page.getByTestId('enter').getAttribute('href')) ?? '');
    url.searchParams.set('auto', 'watch');
    await connected(await tabs.open(url.href));
    url.searchParams.set('room', 'attic');
    const elsewhere = await tabs.open(url.href);
    await until('another room is refused', async () => (await stateOf(elsewhere)) === 'failed');
  });
});
