import { expect, test } from 'vitest';
import { startIon } from '../support/ion.js';
import type { BrowserParticipant } from '../support/participant.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { describeOnEachSfu, useStage } from '../support/stage.js';

describeOnEachSfu('what a viewer chooses', (stage) => {
  test('without autoSubscribe only what is asked for arrives', async () => {
    const publisher = await stage.enter('publisher');
    const camera = await publisher.publishCamera();
    const viewer = await stage.enter('viewer', { role: 'subscriber', autoSubscribe: false });
    const [video] = viewer.found[0]?.tracks.filter(({ kind }) => kind === 'video') ?? [];
    expect(video?.streamId).toBe(camera);

    await viewer.tab.page.evaluate(
      (trackId) => window.client.subscribe([{ trackId, subscribe: true }]),
      video?.trackId ?? '',
    );
    await viewer.sees(camera);
    expect(await viewer.received()).toEqual([{ streamId: camera, kind: 'video', userId: 'publisher' }]);
  });

  test('a video that is not wanted stops, and goes on when it is wanted again', async () => {
    const publisher = await stage.enter('publisher');
    const viewer = await stage.enter('viewer', { role: 'subscriber' });
    const camera = await publisher.publishCamera();
    await viewer.sees(camera);

    await receive(viewer, camera, false);
    let last = -1;
    await until(
      'no further frame is decoded',
      async () => {
        const before = last;
        last = (await viewer.framesDecoded())[camera] ?? 0;
        return last === before;
      },
      { intervalMs: 1_000 },
    );

    await receive(viewer, camera, true);
    await viewer.sees(camera);
  });

  test('who is heard is told', async () => {
    const publisher = await stage.enter('publisher');
    const viewer = await stage.enter('viewer', { role: 'subscriber' });
    const camera = await publisher.publishCamera();
    await viewer.hears('the fake microphone', ({ speakers }) => speakers.includes(camera));
  });

  test('that a track is muted is told to the others', async () => {
    const viewer = await stage.enter('viewer', { role: 'subscriber' });
    const publisher = await stage.enter('publisher');
    await viewer.sees(await publisher.publishCamera());

    await publisher.tab.page.evaluate(async () => {
      const sender = window.client.publisher?.getSenders().find(({ track }) => track?.kind === 'audio');
      if (sender?.track) await window.client.setMuted(sender.track, true);
    });
    await until('the viewer knows', () =>
      viewer.tab.page.evaluate(() =>
        [...window.client.participants.values()].some(({ tracks }) =>
          tracks.some(({ kind, muted }) => kind === 'audio' && muted),
        ),
      ),
    );
  });
});

describeReal(['chromium', 'ion'], 'simulcast, on Ion v1.10.0', () => {
  const stage = useStage(startIon);

  test('a viewer gets the layer that it asks for, and another viewer another one', async () => {
    const publisher = await stage.enter('publisher');
    const [large, small] = [
      await stage.enter('large', { role: 'subscriber' }),
      await stage.enter('small', { role: 'subscriber' }),
    ];
    const camera = await publisher.publishCamera({ simulcast: true });
    await Promise.all([large.sees(camera), small.sees(camera)]);

    await small.tab.page.evaluate((id) => window.client.setLayer(id, 'low'), camera);
    await large.tab.page.evaluate((id) => window.client.setLayer(id, 'high'), camera);
    await until('one gets the small picture', async () => {
      const height = await pictureHeight(small, camera);
      return height > 0 && height < 200;
    });
    await until('the other gets the large one', async () => (await pictureHeight(large, camera)) > 400);

    await small.tab.page.evaluate((id) => window.client.setLayer(id, 'high'), camera);
    await until('the small one grows', async () => (await pictureHeight(small, camera)) > 400);
  });
});

function receive(viewer: BrowserParticipant, streamId: string, video: boolean): Promise<void> {
  return viewer.tab.page.evaluate(([id, wanted]) => window.client.setReceiving(id, { video: wanted }), [
    streamId,
    video,
  ] as const);
}

/** Of the picture that is shown, in pixels. */
function pictureHeight(viewer: BrowserParticipant, streamId: string): Promise<number> {
  const video = viewer.tab.page.locator(`video[id="${streamId}"]`);
  return video.evaluate((element) => (element as HTMLVideoElement).videoHeight);
}
