import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { fakeOffer } from '../../../src/testing/index.js';
import { eventually } from '../../support/eventually.js';
import { describeReal } from '../../support/real.js';
import { CAMERA, join, seenBy } from '../shared-suites/stage.js';
import { AwayStage } from './away-stage.js';

describeReal(['redis'], 'a track that is published while Redis is away', () => {
  let stage: AwayStage;
  beforeEach(async () => {
    stage = await AwayStage.start();
  });
  afterEach(() => stage.stop());

  test.each([
    ['does not answer', () => stage.freeze(), () => stage.goOn()],
    ['is gone', () => stage.kill(), () => stage.startAgain()],
  ])(
    'is sent to the SFU and seen in its process, and by the others later, if Redis %s',
    async (_, go, come) => {
      const [one, other] = stage.two();
      const alice = await join(one, 'alice');
      const [bob, carol] = [await join(one, 'bob'), await join(other, 'carol')];
      await eventually(() => expect(alice.room.size).toBe(3));
      await go();
      await alice.offer({ type: 'offer', sdp: fakeOffer([CAMERA]) });
      expect(seenBy(bob)).toMatchObject({ alice: ['camera'] });
      expect(seenBy(carol)).toMatchObject({ alice: [] });
      await come();
      await eventually(() => expect(seenBy(carol)).toMatchObject({ alice: ['camera'] }));
      await eventually(() => expect(alice.room.log.state.claims).toBeUndefined());
      await carol.offer({ type: 'offer', sdp: fakeOffer([CAMERA]) });
      await eventually(() => expect(seenBy(bob)).toMatchObject({ alice: ['camera'], carol: ['camera~2'] }));
    },
  );

  test('does not pile up what waits for the room, however often its publisher negotiates', async () => {
    const [one] = stage.two();
    const alice = await join(one, 'alice');
    await stage.cutOff(0);
    const commits = vi.spyOn(alice.room.log, 'commit');
    for (let n = 0; n < 10; n += 1)
      await alice.offer({ type: 'offer', sdp: fakeOffer([{ ...CAMERA, trackId: `camera-${n}` }]) });
    // The seat of the publisher is written, one change at a time.
    expect(commits.mock.calls.length).toBeLessThan(10);
    await stage.reconnect(0);
    await eventually(() =>
      expect(alice.room.log.state.seats?.get(alice.id)?.participant?.tracks).toHaveLength(1),
    );
  });
});
