import { expect, test } from 'vitest';
import { until } from '../support/poll.js';
import { describeOnEachSfu } from '../support/stage.js';

describeOnEachSfu('a room', (stage) => {
  test('a publisher is seen by two viewers, one that waited and one that comes later', async () => {
    const early = await stage.enter('early', { role: 'subscriber' });
    const publisher = await stage.enter('publisher');
    const camera = await publisher.publishCamera();
    await early.sees(camera);

    const late = await stage.enter('late', { role: 'subscriber' });
    await late.sees(camera);
    await early.sees(camera);

    const received = await late.received();
    expect(received.map(({ kind }) => kind).sort()).toEqual(['audio', 'video']);
    for (const track of received) expect(track).toMatchObject({ streamId: camera, userId: 'publisher' });
    expect(late.found.find(({ userId }) => userId === 'publisher')?.tracks).toHaveLength(2);
  });

  test('everybody may publish and watch at once', async () => {
    const alice = await stage.enter('alice');
    const bob = await stage.enter('bob');
    const [ofAlice, ofBob] = await Promise.all([alice.publishCamera(), bob.publishCamera()]);

    await Promise.all([alice.sees(ofBob), bob.sees(ofAlice)]);
  });

  test('a second video arrives later, announced with its user, and goes again', async () => {
    const publisher = await stage.enter('publisher');
    const viewer = await stage.enter('viewer', { role: 'subscriber' });
    const camera = await publisher.publishCamera();
    await viewer.sees(camera);

    const canvas = await publisher.publishCanvas();
    await viewer.hears('the second video', ({ tracks }) =>
      tracks.some(
        (event) =>
          event.state === 'added' &&
          event.userId === 'publisher' &&
          event.tracks.some(({ kind, streamId }) => kind === 'video' && streamId === canvas),
      ),
    );
    await viewer.sees(canvas);
    expect(await viewer.received()).toContainEqual({ streamId: canvas, kind: 'video', userId: 'publisher' });

    await publisher.unpublish(canvas);
    await viewer.hears('its end', ({ tracks }) =>
      tracks.some(
        (event) => event.state === 'removed' && event.tracks.some(({ streamId }) => streamId === canvas),
      ),
    );
    await until('the viewer has one stream left', async () => {
      const streams = new Set((await viewer.received()).map(({ streamId }) => streamId));
      return streams.size === 1 && streams.has(camera);
    });
    await viewer.sees(camera);
  });

  test('the others learn of everybody who comes and goes, with and without a goodbye', async () => {
    const watcher = await stage.enter('watcher');
    const polite = await stage.enter('polite');
    const abrupt = await stage.enter('abrupt');
    await until('the watcher knows both', async () => (await watcher.others()).length === 2);
    expect(await watcher.others()).toEqual(['abrupt', 'polite']);

    await polite.leave();
    await until('one is left', async () => (await watcher.others()).join() === 'abrupt');
    await abrupt.close();
    await until('nobody is left', async () => (await watcher.others()).length === 0);

    const { participants } = await watcher.heard();
    expect(participants.map(({ state, participant }) => `${participant.userId} ${state}`)).toEqual([
      'polite joined',
      'abrupt joined',
      'polite left',
      'abrupt left',
    ]);
  });

  test('who reloads the page is back and sees the video again', async () => {
    const publisher = await stage.enter('publisher');
    const camera = await publisher.publishCamera();
    const viewer = await stage.enter('viewer', { role: 'subscriber' });
    await viewer.sees(camera);

    await viewer.reload();
    await viewer.sees(camera);
    await until(
      'nothing is left of the first visit',
      async () => (await publisher.others()).join() === 'viewer',
    );
  });

  test('who reloads the page can publish again', async () => {
    const viewer = await stage.enter('viewer', { role: 'subscriber' });
    const publisher = await stage.enter('publisher');
    await viewer.sees(await publisher.publishCamera());

    await publisher.reload();
    await viewer.sees(await publisher.publishCamera());
  });

  test('a viewer may not publish, and goes on watching', async () => {
    const publisher = await stage.enter('publisher');
    const viewer = await stage.enter('viewer', { role: 'subscriber' });
    const camera = await publisher.publishCamera();

    expect((await viewer.tryPublish()).refused?.code).toBe('ERR_RELAY_FORBIDDEN');
    await viewer.sees(camera);
  });

  test('an ICE restart keeps the media', async () => {
    const publisher = await stage.enter('publisher');
    const viewer = await stage.enter('viewer', { role: 'subscriber' });
    const camera = await publisher.publishCamera();
    await viewer.sees(camera);

    const before = await publisher.iceUfrag();
    await publisher.restartIce();
    expect(await publisher.iceUfrag()).not.toBe(before);
    await viewer.sees(camera);
  });

  test('an ICE restart keeps the media of a publisher who has stopped another stream', async () => {
    const publisher = await stage.enter('publisher');
    const viewer = await stage.enter('viewer', { role: 'subscriber' });
    const screen = await publisher.publishCanvas();
    const camera = await publisher.publishCamera();
    await viewer.sees(camera);
    await publisher.unpublish(screen);

    await publisher.restartIce();
    await viewer.sees(camera);
    await viewer.sees(await publisher.publishCanvas());
    await publisher.restartIce();
    await viewer.sees(camera);
  });

  test('the relay has the figures of who sends and who receives', async () => {
    const publisher = await stage.enter('publisher');
    const viewer = await stage.enter('viewer', { role: 'subscriber' });
    await viewer.sees(await publisher.publishCamera());

    for (const { sessionId } of [publisher, viewer]) {
      const stats = await until('video and audio are measured', () => {
        const figures = stage.relay.getSessionStats(sessionId);
        const { videoBitrate, audioBitrate, packetLoss, roundTripTime } = figures;
        const areThere = packetLoss !== null && roundTripTime !== null;
        return Number(videoBitrate) > 10_000 && Number(audioBitrate) > 1_000 && areThere && figures;
      });
      expect(stats).toMatchObject({ sessionId, roomId: stage.room });
      expect(stats.videoBitrate).toBeLessThan(5_000_000);
      expect(stats.audioBitrate).toBeLessThan(200_000);
      expect(stats.packetLoss).toBeGreaterThanOrEqual(0);
      expect(stats.packetLoss).toBeLessThan(0.5);
      expect(stats.roundTripTime).toBeLessThan(1_000);
      expect(stats.updatedAt).toBeGreaterThan(0);
    }
  });

  test('another room gets neither media nor news', async () => {
    const publisher = await stage.enter('publisher');
    const stranger = await stage.enter('stranger', { room: 'another room' });
    const viewer = await stage.enter('viewer');
    await viewer.sees(await publisher.publishCamera());

    expect(await stranger.others()).toEqual([]);
    expect(await stranger.heard()).toMatchObject({ participants: [], tracks: [] });
    expect(await stranger.received()).toEqual([]);
  });
});
