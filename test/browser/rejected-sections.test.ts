import { expect, test } from 'vitest';
import { startIon } from '../support/ion.js';
import type { BrowserParticipant, OpenTab } from '../support/participant.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { useStage } from '../support/stage.js';

type Participant = BrowserParticipant<OpenTab>;
const unplayable = 'video/H264';

describeReal(
  ['chromium', 'firefox', 'ion'],
  'a viewer without H.264 in a room of H.264, on Ion v1.10.0',
  () => {
    const stage = useStage(startIon, { videoCodec: 'H264', answerTimeoutMs: 5_000 });

    const viewers: [string, () => Promise<Participant>][] = [
      ['Chromium', () => stage.enter('viewer', { role: 'subscriber', unplayable })],
      // Debian's has no H.264 of its own.
      ['Firefox', () => stage.enterByFirefox('viewer', { role: 'subscriber', unplayable })],
    ];

    test.each(viewers)('hears all who come and go: %s', async (_, enter) => {
      const first = await stage.enter('first');
      const camera = await first.publishCamera({ codec: 'h264' });
      const viewer = await enter();
      const other = await stage.enter('other', { role: 'subscriber' });
      await hears(viewer, camera);
      await other.sees(camera);

      const second = await stage.enter('second');
      const secondCamera = await second.publishCamera({ codec: 'h264' });
      await hears(viewer, secondCamera);
      await hears(viewer, camera);
      await other.sees(secondCamera);

      await first.unpublish(camera);
      await until('the first camera is gone', async () =>
        (await viewer.received()).every(({ streamId }) => streamId !== camera),
      );
      await first.publishCamera({ codec: 'h264' });
      await until('three are in the room', async () => (await viewer.received()).length === 2);
      await hears(viewer, secondCamera);
      expect((await viewer.received()).map(({ kind }) => kind)).toEqual(['audio', 'audio']);
      expect(await sentInVain(viewer)).toBe(0);
      const { errors, closes } = await viewer.heard();
      expect({ errors, closes }).toEqual({ errors: [], closes: [] });
    });
  },
);

/** Resolves when more packets of the stream's audio have come than at the first look. */
async function hears(viewer: Participant, streamId: string): Promise<void> {
  let first: number | undefined;
  await until(`the audio of ${streamId} comes`, async () => {
    const packets = await viewer.tab.page.evaluate(async (id) => {
      const remote = window.client.tracks.find((each) => each.streamId === id && each.kind === 'audio');
      const report = remote ? await window.client.subscriber?.getStats(remote.track) : undefined;
      const inbound = [...(report?.values() ?? [])].find(({ type }) => type === 'inbound-rtp');
      return inbound?.packetsReceived as number | undefined;
    }, streamId);
    if (packets === undefined) return false;
    first ??= packets;
    return packets > first + 20;
  });
}

/** Bytes of the videos that are rejected, in a second; the audio of two takes some 16 KB. */
async function sentInVain(viewer: Participant): Promise<number> {
  const received = () =>
    viewer.tab.page.evaluate(async () => {
      const report = [...((await window.client.subscriber?.getStats())?.values() ?? [])];
      const pair = report.find(
        ({ type, nominated, state }) => type === 'candidate-pair' && nominated && state === 'succeeded',
      );
      return (pair?.bytesReceived ?? 0) as number;
    });
  const before = await received();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const rate = ((await received()) - before) / 2;
  return rate < 25_000 ? 0 : rate;
}
