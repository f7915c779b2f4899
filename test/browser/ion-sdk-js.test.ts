import { test } from 'vitest';
import type { ClientLibrary } from '../support/participant.js';
import { describeOnEachSfu } from '../support/stage.js';

const ours: ClientLibrary = 'sfu-relay/client';
const theirs: ClientLibrary = 'ion-sdk-js';

describeOnEachSfu('unmodified ion-sdk-js 1.8.2', (stage) => {
  test.each([
    { publishes: theirs, watches: theirs },
    { publishes: theirs, watches: ours },
    { publishes: ours, watches: theirs },
  ])(
    '$watches sees what $publishes publishes, be it there before or after',
    async ({ publishes, watches }) => {
      const early = await stage.enter('early', { library: watches });
      const publisher = await stage.enter('publisher', { library: publishes });
      const camera = await publisher.publishCamera();
      await early.sees(camera);

      const late = await stage.enter('late', { library: watches });
      await late.sees(camera);
    },
  );

  test('publishes a second stream later', async () => {
    const publisher = await stage.enter('publisher', { library: theirs });
    const viewers = [
      await stage.enter('one', { library: theirs }),
      await stage.enter('two', { library: ours }),
    ];
    const camera = await publisher.publishCamera();
    for (const viewer of viewers) await viewer.sees(camera);

    const canvas = await publisher.publishCanvas();
    for (const viewer of viewers) await viewer.sees(canvas);
    for (const viewer of viewers) await viewer.sees(camera);
  });

  test('is announced to our clients with its user and tracks, and its leaving too', async () => {
    const watcher = await stage.enter('watcher', { library: ours });
    const publisher = await stage.enter('publisher', { library: theirs });
    const camera = await publisher.publishCamera();

    await watcher.hears('the tracks', ({ tracks }) =>
      tracks.some(
        ({ state, userId, tracks: added }) =>
          state === 'added' && userId === 'publisher' && added.some(({ streamId }) => streamId === camera),
      ),
    );
    await publisher.leave();
    await watcher.hears('the leaving', ({ participants }) =>
      participants.some(({ state, participant }) => state === 'left' && participant.userId === 'publisher'),
    );
  });
});
