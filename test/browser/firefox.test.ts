import { expect, test } from 'vitest';
import type { Heard } from '../support/participant.js';
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
        const publisher = await stage.enterByFirefox('publisher', { rtcConfiguration: { bundlePolicy } });
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
        await publisher.restartIce();
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

    test('Firefox mutes its microphone, and publishes anew after it has reloaded the page', async () => {
      const viewer = await stage.enter('viewer', { role: 'subscriber' });
      const publisher = await stage.enterByFirefox('publisher');
      const first = await publisher.publishCamera();
      await viewer.sees(first);
      for (const muted of [true, false]) {
        await publisher.tab.page.evaluate(muteMicrophone, muted);
        await viewer.hears(
          `a microphone that is ${muted ? 'muted' : 'heard'}`,
          ({ tracks }) => isMuted(tracks) === muted,
        );
      }

      await publisher.reload();
      const second = await publisher.publishCamera();
      await viewer.sees(second);
      await until('the first camera is gone', async () =>
        (await viewer.received()).every(({ streamId }) => streamId === second),
      );
      expect(await viewer.others()).toEqual(['publisher']);
    });
  });
}

/** In the page. */
async function muteMicrophone(muted: boolean): Promise<void> {
  const { client } = window;
  const sender = client.publisher?.getSenders().find(({ track }) => track?.kind === 'audio');
  if (sender?.track) await client.setMuted(sender.track, muted);
}

/** What was said last of a microphone. */
function isMuted(tracks: Heard['tracks']): boolean | undefined {
  const told = tracks.flatMap((event) => event.tracks as { kind: string; muted?: boolean }[]);
  return told.findLast(({ kind }) => kind === 'audio')?.muted;
}
