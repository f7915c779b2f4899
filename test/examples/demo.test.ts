import { createServer } from 'node:http';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.js';
import { startDemo, useDemo } from '../support/demo.js';
import { startIon } from '../support/ion.js';
import { closeServer, listen } from '../support/listen.js';
import { connected, isTold, lists, moderate, reads, say, showsVideo, useTabs } from '../support/live-room.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';

describeReal(['chromium'], 'the demo', () => {
  const tabs = useTabs();
  const demo = useDemo();

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

  test('what is written, given and liked reaches the others, and who comes later', async () => {
    const ada = await open('?room=salon&name=Ada&auto=watch');
    const ben = await open('?room=salon&name=Ben&auto=watch');
    await say(ada, 'hello <b>all</b>');
    await reads(ben, ['hello <b>all</b>']);
    await say(ben, 'hi');
    await reads(ada, ['hello <b>all</b>', 'hi']);

    for (let click = 0; click < 7; click += 1) await ben.getByTestId('like').click();
    await ben.getByTestId('gift-rocket').click();
    await ada.getByTestId('gift-card').filter({ hasText: 'Bengave a rocket' }).waitFor();
    await ben.locator('[data-testid=gift-rocket][data-state=given]').waitFor();

    const late = await open('?room=salon&name=Cleo&auto=watch');
    await reads(late, ['hello <b>all</b>', 'hi']);
    for (const page of [ada, ben, late])
      await until('the likes are counted', async () =>
        /^7$/.test(await page.getByTestId('like-total').innerText()),
      );

    await ada.getByTestId('message').filter({ hasText: 'hi' }).hover();
    await ada.getByLabel('Delete the message of Ben: hi').click();
    for (const page of [ada, ben, late]) await reads(page, ['hello <b>all</b>']);
    expect(await ben.getByTestId('message-delete').isVisible()).toBe(false);
  });

  test('who is muted by a moderator is neither seen nor heard, until they are let', async () => {
    const ada = await open('?room=stage&name=Ada&auto=watch');
    const ben = await open('?room=stage&name=Ben&auto=live');
    await showsVideo(ada, 'Ben');
    const bitrate = (kind: string) => ada.getByTestId(`stats-${kind}-bitrate`);
    await until('the sound comes', async () => /^[1-9]/.test(await bitrate('audio').innerText()));

    await moderate(ada, 'Ben', 'Mute video and audio');
    for (const page of [ada, ben])
      await page.getByTestId('tile').getByText('Muted by a moderator').first().waitFor();
    for (const kind of ['audio', 'video'])
      await until(`no ${kind} comes`, async () => /^0 kbit/.test(await bitrate(kind).innerText()));

    await moderate(ada, 'Ben', 'Unmute video and audio');
    await showsVideo(ada, 'Ben');
  });

  test('who is removed is told so and may come again; who is banned may not', async () => {
    const ada = await open('?room=door&name=Ada&auto=watch');
    const ben = await open('?room=door&name=Ben&auto=watch');
    await lists(ada, ['Ada', 'Ben']);
    await moderate(ada, 'Ben', 'Remove');
    await isTold(ben, 'You were removed from this room');
    await lists(ada, ['Ada']);

    await ben.getByRole('button', { name: 'Join again' }).click();
    await lists(ada, ['Ada', 'Ben']);
    await moderate(ada, 'Ben', 'Ban');
    await ada.getByTestId('confirm').click();
    await isTold(ben, 'You are banned from this room');
    await ben.getByRole('button', { name: 'Back to the start' }).click();
    await ben.getByTestId('watch').click();
    await isTold(ben, 'You are banned from this room');
    await ben.getByText('A moderator has banned you from this room.').waitFor();
    await lists(ada, ['Ada']);
  });

  test('a locked room tells newcomers to wait, and lets them in when it is unlocked; then it ends for all', async () => {
    const ada = await open('?room=vault&name=Ada&auto=watch');
    const ben = await open('?room=vault&name=Ben&auto=watch');
    await lists(ada, ['Ada', 'Ben']);
    await moderate(ada, undefined, 'Lock the room');
    await ben.getByTestId('locked').waitFor();
    const late = await open('?room=vault&name=Cleo&auto=watch');
    await isTold(late, 'This room is locked');

    await moderate(ada, undefined, 'Unlock the room');
    await lists(ada, ['Ada', 'Ben', 'Cleo']);
    expect(await ben.getByTestId('moderate-room').isVisible()).toBe(false);
    await moderate(ada, undefined, 'End for everyone');
    await ada.getByTestId('confirm').click();
    for (const page of [ada, ben, late]) await isTold(page, 'The room has ended');
  });

  test.each(['SIGTERM', 'SIGHUP'] as const)('ends with 0 on %s, though people are in it', async (signal) => {
    const { process: ending, url, ready } = await startDemo();
    await ready();
    const { page } = await tabs.browser.open(`${url}/?room=tea&name=Ada&auto=watch`);
    await connected(page);

    await ending.stop(signal);
    expect(ending.exitCode).toBe(0);
  });
});

describeReal(['chromium'], 'the demo of a room that lists two', () => {
  const tabs = useTabs();
  const demo = useDemo({ maxListed: 2 });
  const open = (name: string): Promise<Page> => tabs.open(`${demo.url}/?room=hall&name=${name}&auto=watch`);

  test('counts the others, finds them, and has them moderated; who writes is listed', async () => {
    const ada = await open('Ada');
    await connected(ada);
    const others: Page[] = [];
    for (const name of ['Ben', 'Cleo', 'Dora']) {
      const page = await open(name);
      await connected(page);
      others.push(page);
    }
    const [ben, , dora] = others as [Page, Page, Page];
    const counts = (page: Page, count: number) =>
      until(`${count} are here`, async () =>
        (await page.locator('#room-count').innerText()).endsWith(`${count} here`),
      );
    const finds = async (names: string[]) => {
      const rows = ada.getByTestId('found').locator('.person-name');
      await until(`${names} are found`, async () => (await rows.allTextContents()).join() === names.join());
    };
    for (const page of [ada, ...others]) await counts(page, 4);
    await lists(ada, ['Ada', 'Ben']);
    await until('two are counted', async () => (await ada.getByTestId('audience-count').innerText()) === '2');

    await ada.getByTestId('audience-query').fill('DO');
    await ada.getByTestId('audience-query').press('Enter');
    await finds(['Dora']);
    await ada.getByTestId('audience-query').fill('');
    await ada.getByTestId('audience-search').click();
    await finds(['Ben', 'Cleo', 'Dora']);
    await moderate(ada, 'Cleo', 'Remove');
    await finds(['Ben', 'Dora']);
    for (const page of [ada, ben, dora]) await counts(page, 3);

    await say(dora, 'hello');
    await lists(ada, ['Ada', 'Dora']);
    await ben.getByTestId('leave').click();
    await until(
      'nobody is left to be searched',
      async () => !(await ada.getByTestId('audience-search').isVisible()),
    );
  });
});

describeReal(['chromium'], 'the demo with two SFU nodes', () => {
  const tabs = useTabs();
  const demo = useDemo({ nodes: 2 });

  test('whoever moves the room goes on seeing the others, and nobody is told of trouble', async () => {
    const live = await tabs.open(`${demo.url}/?room=cake&name=Ada&auto=live`);
    const watching = await tabs.open(`${demo.url}/?room=cake&name=Ben&auto=watch`);
    await showsVideo(watching, 'Ada');
    for (const page of [live, watching]) await noteTrouble(page);
    const nodeOf = (page: Page) => page.getByTestId('node-name').innerText();
    const move = watching.getByTestId('node-move');
    await move.waitFor();
    const before = await nodeOf(watching);
    await move.click();
    for (const page of [live, watching])
      await until('the page names the other node', async () => (await nodeOf(page)) !== before);
    await until('the button can be used again', () => move.isEnabled());
    await showsVideo(watching, 'Ada');
    for (const page of [live, watching]) expect(await troubleOf(page)).toEqual([]);
  });

  test('whoever kills the node of a room sees the others again, on the other node', async () => {
    const live = await tabs.open(`${demo.url}/?room=tea&name=Ada&auto=live`);
    const watching = await tabs.open(`${demo.url}/?room=tea&name=Ben&auto=watch`);
    await showsVideo(watching, 'Ada');
    for (const page of [live, watching]) await noteTrouble(page);
    const nodeOf = (page: Page) => page.getByTestId('node-name').innerText();
    await watching.getByTestId('node-kill').waitFor();
    const before = await nodeOf(watching);
    expect(before).toMatch(/^SFU node [12] of 2 · 127\.0\.0\.1:\d+$/);

    await watching.getByTestId('node-kill').click();
    for (const page of [live, watching]) {
      await until('the page names the other node', async () => (await nodeOf(page)) !== before);
      expect(await nodeOf(page)).toMatch(/^SFU node [12] of 2 · 127\.0\.0\.1:\d+$/);
      await connected(page);
    }
    await showsVideo(watching, 'Ada');
    for (const page of [live, watching])
      expect(await troubleOf(page)).toEqual(['The SFU node failed: reconnecting…']);
    await watching.getByTestId('banner').waitFor({ state: 'hidden' });
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

describe('the demo with a wrong number of SFU nodes', () => {
  test.each([
    [{ nodes: 0 }, 'from 1 to 8. Try: NODES=2'],
    [{ nodes: 9 }, 'from 1 to 8. Try: NODES=2'],
    [{ nodes: 'two' }, 'from 1 to 8. Try: NODES=2'],
    [{ nodes: 2, sfuUrl: '127.0.0.1:5551' }, 'Set only one of them.'],
    [{ nodes: 2, example: 'koa' }, 'NODES=2 npm start'],
  ])('%o: says what to write, and ends with 1', async (options, advice) => {
    const { process: demo } = await startDemo(options);
    await demo.ended();
    expect(demo.exitCode).toBe(1);
    expect(demo.log).toContain(advice);
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

/** Notes from now on what the page tells of a failed node and of errors. */
function noteTrouble(page: Page): Promise<void> {
  return page.evaluate(() => {
    const told = new Set<string>();
    Object.assign(window, { told });
    const note = () => {
      for (const id of ['banner', 'error']) {
        const element = document.getElementById(id);
        if (element && !element.hidden) told.add(element.innerText);
      }
      const toast = document.querySelector<HTMLElement>('#toast.shown');
      if (toast) told.add(toast.innerText);
    };
    const changes = {
      subtree: true,
      childList: true,
      attributes: true,
      attributeFilter: ['hidden', 'class'],
    };
    new MutationObserver(note).observe(document.body, changes);
  });
}

function troubleOf(page: Page): Promise<string[]> {
  return page.evaluate(() => [...(window as unknown as { told: Set<string> }).told]);
}
