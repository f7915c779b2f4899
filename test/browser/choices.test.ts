import { expect, test } from 'vitest';
import { startIon } from '../support/ion.js';
import type { BrowserParticipant } from '../support/participant.js';
import { until } from '../support/poll.js';
import { ProductionIon } from '../support/production-ion.js';
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
    // Ion tells of changes only, and the first one may come before the viewer can hear of it.
    await publisher.tab.page.evaluate(() => {
      const microphone = window.client.publisher
        ?.getSenders()
        .find(({ track }) => track?.kind === 'audio')?.track;
      setInterval(() => {
        if (microphone) microphone.enabled = !microphone.enabled;
      }, 2_000);
    });
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

describeReal(['chromium', 'ion'], 'simulcast, on the production Ion', () => {
  const stage = useStage(() => ProductionIon.start());

  test('each viewer gets the layer that it asks for', async () => {
    const publisher = await stage.enter('publisher');
    const phone = await stage.enter('phone', { role: 'subscriber' });
    const desktop = await stage.enter('desktop', { role: 'subscriber' });
    const camera = await publisher.publishCamera({ simulcast: true });
    await sends(publisher, ['f', 'h', 'q']);

    await choose(phone, camera, 'low');
    await choose(desktop, camera, 'high');
    await until('the phone gets the small picture', () => isSmall(phone, camera));
    await until('the desktop gets the large one', () => isLarge(desktop, camera));
    for (const viewer of [phone, desktop]) await viewer.sees(camera);

    await choose(phone, camera, 'high');
    await until('the phone gets the large one', () => isLarge(phone, camera));
    for (const viewer of [phone, desktop]) await viewer.sees(camera);
  });

  test('one who leaves a layer does not stop the picture of the others on it', async () => {
    const publisher = await stage.enter('publisher');
    const phone = await stage.enter('phone', { role: 'subscriber' });
    const others = [
      await stage.enter('ada', { role: 'subscriber' }),
      await stage.enter('ben', { role: 'subscriber' }),
    ];
    const camera = await publisher.publishCamera({ simulcast: true });
    for (const viewer of [phone, ...others]) await viewer.sees(camera);
    for (const layer of ['low', 'high', 'low'] as const) {
      await choose(phone, camera, layer);
      await until('the phone gets it', () => (layer === 'low' ? isSmall : isLarge)(phone, camera));
      for (const viewer of [phone, ...others]) await viewer.sees(camera);
    }
  });

  // Ion puts everybody on a better layer when its first packet comes, as it does late on a slow uplink.
  test('a choice holds also for a layer that comes later', async () => {
    const publisher = await stage.enter('publisher');
    const phone = await stage.enter('phone', { role: 'subscriber' });
    const desktop = await stage.enter('desktop', { role: 'subscriber' });
    const camera = await publisher.publishCamera({ simulcast: true, withoutFullLayer: true });
    await sends(publisher, ['h', 'q']);
    await choose(phone, camera, 'low');
    await choose(desktop, camera, 'high');
    await until('the phone gets the small picture', () => isSmall(phone, camera));

    await publisher.tab.page.evaluate(() => window.participant.sendFullLayer(true));
    await sends(publisher, ['f', 'h', 'q']);
    await until('the desktop gets the large picture', () => isLarge(desktop, camera));
    await until('the phone has the small one', () => isSmall(phone, camera));
    for (const viewer of [phone, desktop]) await viewer.sees(camera);
  });
});

describeReal(['chromium', 'ion'], 'simulcast, on a bare Ion v1.10.0', () => {
  const stage = useStage(startIon);

  test('one who leaves a layer stops the picture of the others on it', async () => {
    const publisher = await stage.enter('publisher');
    const phone = await stage.enter('phone', { role: 'subscriber' });
    const desktop = await stage.enter('desktop', { role: 'subscriber' });
    const camera = await publisher.publishCamera({ simulcast: true });
    for (const viewer of [phone, desktop]) await viewer.sees(camera);
    await choose(phone, camera, 'low');
    await until('the phone gets the small picture', () => isSmall(phone, camera));
    let last = -1;
    const stands = async () => {
      const before = last;
      last = (await desktop.framesDecoded())[camera] ?? 0;
      return last === before;
    };
    await until('no further frame is decoded', stands, { intervalMs: 2_000 });
  });
});

/** Resolves when the video is sent in these simulcast layers. */
async function sends(publisher: BrowserParticipant, layers: string[]): Promise<void> {
  await until(
    `the layers ${layers} are sent`,
    async () => {
      const sent = await publisher.tab.page.evaluate(async () => {
        const report = await window.client.publisher?.getStats();
        return [...(report?.values() ?? [])]
          .filter(
            ({ type, kind, framesSent }) => type === 'outbound-rtp' && kind === 'video' && framesSent > 0,
          )
          .map(({ rid }) => String(rid));
      });
      if (sent.sort().join() !== layers.join()) throw new Error(`sent are ${sent}`);
      return true;
    },
    { timeoutMs: 60_000 },
  );
}

function choose(viewer: BrowserParticipant, streamId: string, layer: 'high' | 'low'): Promise<void> {
  return viewer.tab.page.evaluate(([id, wanted]) => window.client.setLayer(id, wanted), [
    streamId,
    layer,
  ] as const);
}

/** A quarter of the camera's 540 lines; the encoder may round. */
async function isSmall(viewer: BrowserParticipant, streamId: string): Promise<boolean> {
  const height = await pictureHeight(viewer, streamId);
  return height > 0 && height <= 540 / 4;
}

/** All of the camera's lines, less what Chromium saves on a busy machine: more than the half layer has. */
async function isLarge(viewer: BrowserParticipant, streamId: string): Promise<boolean> {
  return (await pictureHeight(viewer, streamId)) > 540 / 2;
}

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
