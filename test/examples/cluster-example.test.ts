import { expect, test } from 'vitest';
import { useDemo } from '../support/demo.js';
import { connected, lists, reads, say, showsVideo, useTabs } from '../support/live-room.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';

describeReal(['chromium', 'redis'], 'examples/cluster', () => {
  const server = useDemo({ example: 'cluster' });
  const tabs = useTabs();

  test('two tabs are served by two relays, in one room; one goes on by the other relay when its own is killed', async () => {
    const live = await tabs.open(`${server.url}/?room=tea&name=Ada&auto=live`);
    const watching = await tabs.open(`${server.url}/?room=tea&name=Ben&auto=watch`);
    const processOf = (page: typeof live) => page.getByTestId('process-name').textContent();
    await showsVideo(watching, 'Ada');
    await say(watching, 'hello');
    for (const page of [live, watching]) {
      await lists(page, ['Ada', 'Ben']);
      await reads(page, ['hello']);
      await until('the relay is shown', async () =>
        /^relay-\d, process \d+ · 2 of 2 up$/.test((await processOf(page)) ?? ''),
      );
    }
    const before = await Promise.all([live, watching].map(processOf));
    expect(new Set(before).size).toBe(2);

    await watching.getByTestId('process-kill').click();
    const other = before[0]?.replace('2 of 2', '1 of 2');
    await until('the other relay serves it', async () => (await processOf(watching)) === other, {
      timeoutMs: 20_000,
    });
    await connected(watching);
    await showsVideo(watching, 'Ada');
    await until(
      'everybody is there once',
      async () => {
        await lists(live, ['Ada', 'Ben']);
        await lists(watching, ['Ada', 'Ben']);
        return true;
      },
      { timeoutMs: 20_000 },
    );
    await say(live, 'still there?');
    await reads(watching, ['hello', 'still there?']);
  });
});
