import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Session } from '../../src/index.js';
import { fakeOffer } from '../../src/testing/index.js';
import { until } from '../support/poll.js';
import { useMoveStage } from '../unit/relay/moves/move-stage.js';

/** So many that the last one is to rejoin after more than the 5 s that a client keeps its old peer. */
const CROWD = 3_000;

const { stage } = useMoveStage();

/** Replaces the peer when the relay wants it, and leaves the old one after 5 s if the relay lets it, as the client library does. */
function followSlowly(session: Session, sdp = fakeOffer()): void {
  session.once('rejoin', async ({ peer, afterMs }) => {
    await sleep(afterMs);
    await session.rejoin({ sdp });
    await sleep(5_000);
    for (;;) {
      const { afterMs: pauseMs } = session.peers.askToLeave(peer);
      if (pauseMs === undefined) return;
      await sleep(pauseMs);
    }
  });
}

test(`a room of ${CROWD} moves: nobody is closed, and its publisher's old peer stays until the last viewer has moved`, async () => {
  const { relay, own, other, alice, bob } = await stage();
  const crowd = [bob];
  for (let n = 0; n < CROWD; n += 100)
    crowd.push(
      ...(await Promise.all(
        Array.from({ length: 100 }, (_, each) =>
          relay.createSession({ roomId: 'lobby', userId: `viewer ${n + each}`, sdp: fakeOffer() }),
        ),
      )),
    );
  followSlowly(alice, fakeOffer([{ kind: 'video', streamId: 'home', trackId: 'camera-2' }]));
  for (const session of crowd) followSlowly(session);
  const report = await relay.moveRoom('lobby', { deadlineMs: 5_000 });
  expect(report).toMatchObject({ moved: CROWD + 2, closed: 0 });
  expect(own.stream('lobby/alice/a')?.isOpen).toBe(true);
  await until('the old node is empty', () => own.streams.size === 0);
  expect(other.streams.size).toBe(CROWD + 2);
}, 120_000);
