import { expect, test } from 'vitest';
import type { Layer } from '../../src/client/index.js';
import { startIon } from '../support/ion.js';
import type { BrowserParticipant, OpenTab, Size } from '../support/participant.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { useStage } from '../support/stage.js';

/** What each size is sent in. */
const SIZES: [number, number, string[]][] = [
  [1280, 720, ['q', 'h', 'f']],
  [640, 480, ['h', 'f']],
  [320, 240, []],
  [160, 120, []],
];

type Participant = BrowserParticipant<OpenTab>;

// A switch of Ion's can hang when the new layer's key frame is lost, and Chromium saves pixels on a busy machine.
const patience = { retry: 2 };

describeReal(['chromium', 'ion'], 'simulcast of videos of all sizes, on Ion v1.10.0', () => {
  const stage = useStage(startIon);

  test.each(SIZES)(
    'a video of %s×%s arrives in its full size, and every layer that is announced is sent',
    patience,
    async (width, height, layers) => {
      const viewer = await stage.enter('viewer', { role: 'subscriber' });
      const publisher = await stage.enter('publisher');
      const video = await publisher.publishCanvas({ width, height }, { simulcast: true });
      expect(await announced(viewer, video)).toEqual(layers);
      await sends(publisher, layers);
      await shows(viewer, video, { width, height });
    },
  );

  test('a viewer who asks for a layer that is not sent gets the nearest', patience, async () => {
    const size = { width: 640, height: 480 };
    const viewer = await stage.enter('viewer', { role: 'subscriber' });
    const publisher = await stage.enter('publisher');
    const video = await publisher.publishCanvas(size, { simulcast: true });
    await sends(publisher, ['h', 'f']);
    await shows(viewer, video, size);
    await choose(viewer, video, 'low');
    await shows(viewer, video, { width: 320, height: 240 });
    await choose(viewer, video, 'high');
    await shows(viewer, video, size);
  });

  test('a video that grows is sent in more layers, one that shrinks in fewer', patience, async () => {
    const viewer = await stage.enter('viewer', { role: 'subscriber' });
    const publisher = await stage.enter('publisher');
    const video = await publisher.publishCanvas({ width: 320, height: 240 }, { simulcast: true });
    for (const [width, height, layers] of SIZES.slice(0, 3)) {
      await publisher.resizeCanvas({ width, height });
      await until('the layers are announced', async () => {
        const now = await announced(viewer, video);
        if (now.join() !== layers.join()) throw new Error(`announced are ${now}`);
        return true;
      });
      await sends(publisher, layers);
      await shows(viewer, video, { width, height });
    }
  });
});

describeReal(['chromium', 'firefox', 'ion'], 'simulcast of Firefox, on Ion v1.10.0', () => {
  const stage = useStage(startIon);

  test.each(SIZES.slice(1))(
    'a video of %s×%s arrives in its full size, and every layer that is announced is sent',
    patience,
    async (width, height, layers) => {
      const viewer = await stage.enter('viewer', { role: 'subscriber' });
      const publisher = await stage.enterByFirefox('publisher');
      const video = await publisher.publishCanvas({ width, height }, { simulcast: true });
      expect(await announced(viewer, video)).toEqual(layers);
      await sends(publisher, layers);
      await shows(viewer, video, { width, height });
    },
  );
});

/** The layers that the room has announced of a stream's video, once it has announced the stream. */
async function announced(viewer: Participant, streamId: string): Promise<string[]> {
  let layers: string[] | undefined;
  await until('the video is announced', async () => {
    layers = await viewer.tab.page.evaluate((id) => {
      const tracks = [...window.client.participants.values()].flatMap((participant) => participant.tracks);
      return tracks.find((track) => track.streamId === id)?.layers;
    }, streamId);
    return layers !== undefined;
  });
  return layers ?? [];
}

/** Resolves when frames are sent in these layers and no other; without any, in the one encoding that has no name. */
async function sends(publisher: Participant, layers: string[]): Promise<void> {
  const wanted = layers.length > 0 ? layers : ['undefined'];
  await until(
    `frames are sent in ${wanted}`,
    async () => {
      const sent = await publisher.tab.page.evaluate(async () => {
        const transceivers = window.client.publisher?.getTransceivers() ?? [];
        const mids = transceivers
          .filter(({ currentDirection }) => currentDirection === 'sendonly')
          .map(({ mid }) => mid);
        const report = [...((await window.client.publisher?.getStats())?.values() ?? [])];
        return report
          .filter(
            ({ type, kind, mid, framesSent }) =>
              type === 'outbound-rtp' &&
              kind === 'video' &&
              framesSent > 0 &&
              (mid === undefined || mids.includes(mid)),
          )
          .map(({ rid }) => String(rid));
      });
      if (sent.sort().join() !== [...wanted].sort().join()) throw new Error(`sent are ${sent}`);
      return true;
    },
    { timeoutMs: 60_000 },
  );
}

function choose(viewer: Participant, streamId: string, layer: Layer): Promise<void> {
  return viewer.tab.page.evaluate(({ id, wanted }) => window.client.setLayer(id, wanted), {
    id: streamId,
    wanted: layer,
  });
}

/** Resolves when the viewer receives a stream's video in this size. */
async function shows(viewer: Participant, streamId: string, { width, height }: Size): Promise<void> {
  await until(
    `${width}×${height} is received`,
    async () => {
      const sizes = await viewer.tab.page.evaluate(async (id) => {
        const track = window.client.tracks.find((each) => each.streamId === id)?.track;
        const report = track ? [...((await window.client.subscriber?.getStats(track))?.values() ?? [])] : [];
        return report
          .filter(({ type }) => type === 'inbound-rtp')
          .map((each) => `${each.frameWidth}×${each.frameHeight}`);
      }, streamId);
      if (sizes.join() !== `${width}×${height}`) throw new Error(`received is ${sizes}`);
      return true;
    },
    { timeoutMs: 60_000 },
  );
}
