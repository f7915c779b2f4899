import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { anonymous, type Session, SfuRelay } from '../../../../src/index.js';
import { fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../../../src/testing/index.js';
import { joinRefused } from '../../../../src/testing/scripted/replies.js';
import { until } from '../../../support/poll.js';

describe('a peer that the SFU keeps after ending its stream', () => {
  let sfu: ScriptedSfu;
  let relay: SfuRelay;
  const warn = vi.fn();
  const ignore = () => {};

  beforeEach(async () => {
    warn.mockClear();
    sfu = await startScriptedSfu();
    relay = new SfuRelay({
      sfu: { serverUrl: sfu.address, probeOnStart: false },
      authenticate: anonymous(),
      logger: { debug: ignore, info: ignore, warn, error: ignore },
    });
  });
  afterEach(async () => {
    await relay.close({ timeoutMs: 200 });
    await sfu.stop();
  });

  const join = (userId: string, roomId = 'lobby'): Promise<Session> =>
    relay.createSession({ roomId, userId, sdp: fakeOffer() });
  const streamOf = (userId: string) => [...sfu.streams].find(({ uid }) => uid.includes(`/${userId}/`));
  const outcomes = () => relay.counters.abandonedPeers;

  test('leaves its room open where its successor ends while it waits for its turn', async () => {
    await join('alice');
    const { onJoin } = sfu.script;
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    sfu.script.onJoin = async (stream, request) => {
      await held;
      return onJoin(stream, request);
    };
    const bob = join('bob');
    await sfu.waitFor(() =>
      sfu.received.some(({ stream, request }) => stream.id === 2 && request.payload?.$case === 'join'),
    );
    streamOf('alice')?.fail(status.INTERNAL, 'answer error');
    // The successor waits for the join under way.
    const successor = await until('the successor waits', () => [...sfu.streams].find(({ id }) => id === 3));
    successor.fail(status.INTERNAL, 'answer error');
    await until('it is given up', () => outcomes().get('left') === 1);
    release();
    await (await bob).close();
    sfu.script.onJoin = onJoin;
    expect((await join('carol')).state).toBe('joined');
  });

  test('is left where the SFU refuses its successor, and the connection is used further', async () => {
    await join('alice');
    const { onJoin } = sfu.script;
    sfu.script.onJoin = (stream) => stream.send(joinRefused('no'));
    streamOf('alice')?.fail(status.INTERNAL, 'answer error');
    await until('it is given up', () => outcomes().get('left') === 1);
    expect(warn.mock.calls.map(([, message]) => message)).toContain('A peer may be left on the SFU');
    sfu.script.onJoin = onJoin;
    // Its place on the connection is given back when its stream has ended.
    await until('no stream is left', () => relay.streamCount === 0);
    expect(relay.sfuConnectionCount).toBe(1);
  });

  test('is not removed once the relay closes', async () => {
    await join('alice', 'one');
    await join('bob', 'two');
    let joins = 0;
    const { onHalfClose, onJoin } = sfu.script;
    sfu.script.onJoin = (stream, request) => {
      joins += 1;
      return onJoin(stream, request);
    };
    sfu.script.onHalfClose = (stream) => {
      if (stream.sid === 'one') stream.fail(status.INTERNAL, 'answer error');
      else setImmediate(() => onHalfClose(stream));
    };
    await relay.close();
    expect(joins).toBe(0);
    expect(outcomes().get('left')).toBe(0);
    expect(warn).not.toHaveBeenCalled();
  });
});

test('a session that is closed once more lets no two first joins into its room at once', async () => {
  const sfu = await startScriptedSfu();
  const relay = new SfuRelay({
    sfu: { serverUrl: sfu.address, probeOnStart: false },
    authenticate: anonymous(),
    logger: false,
  });
  const join = (userId: string) => relay.createSession({ roomId: 'lobby', userId, sdp: fakeOffer() });
  try {
    const alice = await join('alice');
    await alice.close();
    const { onJoin } = sfu.script;
    let joining = 0;
    let most = 0;
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    sfu.script.onJoin = async (stream, request) => {
      joining += 1;
      most = Math.max(most, joining);
      await held;
      joining -= 1;
      return onJoin(stream, request);
    };
    const bob = join('bob');
    await until('one is joining', () => joining === 1);
    await alice.close();
    const carol = join('carol');
    await until('the other has a stream, too', () => sfu.streams.size === 2);
    release();
    await Promise.all([bob, carol]);
    expect(most).toBe(1);
  } finally {
    await relay.close();
    await sfu.stop();
  }
});
