import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { anonymous, SfuRelay } from '../../../src/index.js';
import {
  type FakeTrack,
  fakeOffer,
  type ScriptedSfu,
  startScriptedSfu,
  tracksOf,
} from '../../../src/testing/index.js';
import { until } from '../../support/poll.js';

const audio: FakeTrack = { kind: 'audio', streamId: 's', trackId: 'a' };
const video: FakeTrack = { kind: 'video', streamId: 's', trackId: 'v' };
const offer = (tracks: FakeTrack[], options = {}) =>
  ({ type: 'offer', sdp: fakeOffer(tracks, options) }) as const;
const VIEWER = { canPublish: false };

let sfu: ScriptedSfu;
let relay: SfuRelay;

const makeRelay = (joinTimeoutMs = 15_000) =>
  new SfuRelay({ sfu: { serverUrl: sfu.address }, authenticate: anonymous(), joinTimeoutMs });

beforeEach(async () => {
  sfu = await startScriptedSfu();
  relay = makeRelay();
});
afterEach(async () => {
  await relay.close();
  await sfu.stop();
});

const join = (tracks: FakeTrack[] = []) =>
  relay.createSession({ sessionId: 's1', roomId: 'r', userId: 'u', sdp: fakeOffer(tracks) });
/** The offers that the SFU got after the join. */
const offered = () => (sfu.stream('r/u/s1')?.requests('description') ?? []).map(({ sdp }) => sdp);
const taken = () => offered().map((sdp) => tracksOf(sdp).map(({ id }) => id));
const directions = (sdp = '') =>
  sdp.match(/^a=(?:sendonly|recvonly|inactive)/gm)?.map((line) => line.slice(2));

describe('what the SFU gets of a session that may do less', () => {
  test('a section that it has taken receives only, a new one is inactive: others it never takes up again', async () => {
    const alone = { dataChannel: false };
    const sdp = fakeOffer([audio], alone);
    const session = await relay.createSession({ sessionId: 's1', roomId: 'r', userId: 'u', sdp });
    await session.room.mute({ userId: 'u' });
    await session.offer(offer([audio, video], alone));
    await session.offer(offer([audio, video], alone));
    await session.room.unmute({ userId: 'u' });
    expect(offered().map(directions)).toEqual([
      ['recvonly'],
      ['recvonly', 'inactive'],
      ['recvonly', 'recvonly'],
      ['sendonly', 'sendonly'],
    ]);
    expect(offered()[1]).not.toMatch(/^a=(?:msid|ssrc|rid|simulcast):/m);
  });

  test('comes at once, also while an ICE restart waits for the SFU to have gathered', async () => {
    sfu.script.onJoin = (stream, request) => {
      const send = stream.send.bind(stream);
      stream.send = (reply) => {
        if (reply.$case !== 'trickle') send(reply);
      };
      return sfu.ion.onJoin(stream, request);
    };
    const session = await join([audio]);
    session.offer(offer([audio], { iceGeneration: 1 })).catch(() => {});
    await relay.updateGrants('s1', VIEWER);
    expect(taken()).toEqual([[]]);
  }, 3_000);

  test('comes after an offer that is with the SFU, and before one that waits', async () => {
    const session = await join();
    const { onDescription } = sfu.ion;
    let release = () => {};
    sfu.script.onDescription = async (stream, description) => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      sfu.script.onDescription = onDescription;
      return onDescription(stream, description);
    };
    const [first, second] = [session.offer(offer([audio])), session.offer(offer([audio, video]))];
    second.catch(() => {});
    await until('the first is there', () => taken().length === 1);
    const change = relay.updateGrants('s1', VIEWER);
    release();
    await Promise.all([first, change]);
    await expect(second).rejects.toMatchObject({ code: 'ERR_RELAY_FORBIDDEN' });
    expect(taken()).toEqual([['a'], []]);
    expect(session.tracks).toEqual([]);
  });

  test('ends the session where the SFU does not answer', async () => {
    await relay.close();
    relay = makeRelay(1_000);
    const session = await join([audio]);
    sfu.script.onDescription = () => {};
    await relay.updateGrants('s1', VIEWER);
    await until('it has ended', () => session.state === 'closed');
  });

  test('is nothing new where nothing changes, or there is nothing to cut', async () => {
    const session = await join([audio]);
    await relay.updateGrants('s1', { canPublish: true });
    await session.room.mute({ userId: 'u', kind: 'video' });
    await session.offer(offer([]));
    await relay.updateGrants('s1', VIEWER);
    expect(taken()).toEqual([[]]);
  });

  test('comes of a change during the join, too', async () => {
    const { onJoin } = sfu.ion;
    sfu.script.onJoin = async (stream, request) => {
      await relay.updateGrants('s1', VIEWER);
      return onJoin(stream, request);
    };
    const session = await join([audio]);
    expect(session.role).toBe('subscriber');
    await until('it is cut off', () => taken().length === 1);
    expect(taken()).toEqual([[]]);
  });
});
