import { expect, test } from 'vitest';
import { startIon } from '../support/ion.js';
import type { BrowserParticipant } from '../support/participant.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { type Stage, useStage } from '../support/stage.js';

/** Resolves when the SFU has withdrawn the stream and nothing is decoded any more, which must be so within 2 s. */
async function expectBlack(viewer: BrowserParticipant, streamId: string): Promise<void> {
  let before: number | undefined;
  await until(
    'no frame comes any more',
    async () => {
      const frames = Object.values(await viewer.framesDecoded()).reduce((sum, each) => sum + each, 0);
      const isStill = frames === before;
      before = frames;
      const received = await viewer.received();
      return isStill && !received.some((track) => track.streamId === streamId && track.kind === 'video');
    },
    { timeoutMs: 2_000, intervalMs: 200 },
  );
}

async function onAir(stage: Stage, options?: Parameters<BrowserParticipant['publishCamera']>[0]) {
  const publisher = await stage.enter('publisher');
  const viewer = await stage.enter('viewer', { role: 'subscriber' });
  const camera = await publisher.publishCamera(options);
  await viewer.sees(camera);
  const room = stage.relay.rooms.get(stage.room);
  if (!room) throw new Error('there is no room');
  return { publisher, viewer, camera, room };
}

const sending = (publisher: BrowserParticipant) =>
  publisher.tab.page.evaluate(
    () => window.client.publisher?.getSenders().filter(({ track }) => track).length ?? 0,
  );

describeReal(['ion', 'chromium'], 'moderation, at the viewers of a real Ion', () => {
  const stage = useStage(startIon);

  test.each([
    ['a camera', undefined],
    ['a camera with simulcast', { simulcast: true }],
  ])('the media of %s stops at the viewers when it is muted, and comes back', async (_, options) => {
    const { publisher, viewer, camera, room } = await onAir(stage, options);
    await room.mute({ userId: 'publisher' });
    await expectBlack(viewer, camera);
    const late = await stage.enter('late', { role: 'subscriber' });
    expect(late.found[0]?.tracks).toMatchObject([{ muted: true }, { muted: true }]);
    await publisher.restartIce();
    await expectBlack(late, camera);

    await room.unmute({ userId: 'publisher' });
    await viewer.sees(camera);
    await late.sees(camera);
  });

  test('what a muted user publishes is heard once the mute is lifted', async () => {
    const { publisher, viewer, camera, room } = await onAir(stage);
    await room.mute({ userId: 'publisher', kind: 'video' });
    await expectBlack(viewer, camera);
    const canvas = await publisher.publishCanvas();
    await publisher.restartIce();
    await expectBlack(viewer, canvas);

    await room.unmute({ userId: 'publisher', kind: 'video' });
    await viewer.sees(camera);
    await viewer.sees(canvas);
  });

  test('who may not publish any more is not seen, stops, and can be brought back on stage', async () => {
    const { publisher, viewer, camera } = await onAir(stage);
    await stage.relay.updateGrants(publisher.sessionId, { canPublish: false });
    await expectBlack(viewer, camera);
    await until('the client has stopped', async () => (await sending(publisher)) === 0);
    expect((await publisher.tryPublish()).refused?.code).toBe('ERR_RELAY_FORBIDDEN');

    await stage.relay.updateGrants(publisher.sessionId, { canPublish: true });
    await viewer.sees(await publisher.publishCamera());
  });

  test('a client that knows nothing of it, and goes on sending, is cut off all the same, and comes back', async () => {
    const publisher = await stage.enter('publisher', { library: 'ion-sdk-js' });
    const viewer = await stage.enter('viewer', { role: 'subscriber' });
    const camera = await publisher.publishCamera();
    await viewer.sees(camera);
    const room = stage.relay.rooms.get(stage.room);
    await room?.mute({ userId: 'publisher' });
    await expectBlack(viewer, camera);

    // Ion's probing for undeclared media may take the first packets away, and with them the section's last chance.
    await until('the SFU has taken it up again', async () => {
      await room?.mute({ userId: 'publisher' });
      await room?.unmute({ userId: 'publisher' });
      await until('it is seen', async () => ((await viewer.framesDecoded())[camera] ?? 0) > 0, {
        timeoutMs: 3_000,
      });
      return true;
    });
    await viewer.sees(camera);
  });

  test('who is banned is gone at once, and does not come back', async () => {
    const { publisher, viewer, camera, room } = await onAir(stage);
    await room.ban('publisher', { reason: 'Enough.' });
    await expectBlack(viewer, camera);
    await publisher.hears('its end', ({ closes }) => closes.length > 0);
    expect((await publisher.heard()).closes).toMatchObject([{ code: 4403, reason: 'Enough.' }]);
    await expect(publisher.reload()).rejects.toThrow('Enough.');
  });
});
