import { expect, test } from 'vitest';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { sfus } from '../support/sfus.js';
import { useStage } from '../support/stage.js';

for (const sfu of sfus) {
  describeReal(['chromium', 'firefox', ...sfu.needs], `Firefox and Chromium, on ${sfu.name}`, () => {
    const stage = useStage(sfu.start);

    // Firefox offers all but the first section of a kind as bundle-only; by max-bundle all but the very first one.
    test.each(['balanced', 'max-bundle'] as const)(
      'Firefox is seen in Chromium, with a second video, by %s',
      async (bundlePolicy) => {
        const viewer = await stage.enter('viewer', { role: 'subscriber' });
        const publisher = await stage.enterByFirefox('publisher', { bundlePolicy });
        const camera = await publisher.publishCamera();
        await viewer.sees(camera);
        const screen = await publisher.publishCanvas();
        await viewer.sees(screen);
        await viewer.sees(camera);
        const received = await viewer.received();
        expect(received).toHaveLength(3);
        expect(received).toContainEqual({ streamId: camera, kind: 'audio', userId: 'publisher' });

        await publisher.unpublish(screen);
        await until('the second video is gone', async () => (await viewer.received()).length === 2);
        await viewer.sees(await publisher.publishCanvas());
        await viewer.sees(camera);
      },
    );

    test('Chromium is seen in Firefox, also after Firefox has reloaded the page', async () => {
      const viewer = await stage.enterByFirefox('viewer', { role: 'subscriber' });
      const publisher = await stage.enter('publisher');
      const camera = await publisher.publishCamera();
      await viewer.sees(camera);
      const screen = await publisher.publishCanvas();
      await viewer.sees(screen);

      await viewer.reload();
      await viewer.sees(camera);
      await viewer.sees(screen);
    });
  });
}
