import { expect, test } from 'vitest';
import { useDemo } from '../support/demo.js';
import { connected, reads, say, showsVideo, useTabs } from '../support/live-room.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';

describeReal(['chromium'], 'the demo without its server for a moment', () => {
  const tabs = useTabs();
  const demo = useDemo();

  test('says how long the place is kept, goes on with the video, and catches up once the server is back', async () => {
    const live = await tabs.open(`${demo.url}/?room=tea&name=Ada&auto=live`);
    const watching = await tabs.open(`${demo.url}/?room=tea&name=Ben&auto=watch`);
    await showsVideo(watching, 'Ada');

    await watching.getByTestId('lose-network').click();
    const banner = watching.getByTestId('banner');
    await until('it says that the videos go on', async () =>
      /trying again\. The videos go on\. Your place is kept for \d+ s$/.test(await banner.innerText()),
    );
    expect(await watching.getByTestId('state').getAttribute('data-state')).toBe('interrupted');
    await until('the others see that somebody is away', async () =>
      (await live.getByTestId('participant').filter({ hasText: 'Ben' }).innerText()).includes('Reconnecting'),
    );
    await say(live, 'are you there?');
    await say(live, 'hello?');
    await reads(watching, []);

    await banner.waitFor({ state: 'hidden' });
    await until('it says what it has caught up', async () =>
      /^Connected again after \d+ s\. Nothing is lost: [1-9]\d* messages? caught up/.test(
        await watching.locator('#toast').innerText(),
      ),
    );
    await reads(watching, ['are you there?', 'hello?']);
    await say(watching, 'yes');
    await reads(live, ['are you there?', 'hello?', 'yes']);
    await connected(watching);
    await until(
      'the others see that they are back',
      async () =>
        !(await live.getByTestId('participant').filter({ hasText: 'Ben' }).innerText()).includes(
          'Reconnecting',
        ),
    );
    await showsVideo(watching, 'Ada');
  });
});
