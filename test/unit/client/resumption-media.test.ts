import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { asStream, FakePeer, FakeStream, FakeTrack, installFakeBrowser } from './fake-browser.js';
import { openPeers, pass, type Resumable, resumable, settle } from './resumable.js';

let restore: () => void;
beforeEach(() => {
  restore = installFakeBrowser();
  vi.useFakeTimers();
});
afterEach(() => restore());

async function onAir() {
  const base = await resumable();
  const camera = new FakeTrack('video', 'camera');
  const publishing = base.client.publish(asStream(new FakeStream([camera], 'home')));
  await settle();
  await publishing;
  base.subscriber.become('connected');
  base.heard.length = 0;
  return { ...base, camera };
}
/** The connection is lost for so long. */
async function lose({ relay }: Resumable, ms: number): Promise<void> {
  relay.isReachable = false;
  relay.cut();
  await pass(ms);
}
async function comeBack({ relay }: Resumable): Promise<void> {
  relay.isReachable = true;
  await pass(1_500);
}
const requests = ({ relay }: Resumable, name: string) =>
  relay.processed.filter(({ method }) => method === name).map(({ params }) => params);
const restarts = (base: Resumable) =>
  requests(base, 'offer').filter(({ desc }) => desc.sdp.includes('restart')).length;

describe('media, while the connection is lost,', () => {
  test('goes on', async () => {
    const base = await onAir();
    await lose(base, 25_000);
    await comeBack(base);
    expect([base.client.state, restarts(base), openPeers().length]).toEqual(['joined', 0, 2]);
    expect(base.of('state')).toEqual([]);
  });

  test('that stops, too, is restarted once the relay can be reached again', async () => {
    const base = await onAir();
    await lose(base, 2_000);
    base.publisher.become('disconnected');
    await pass(12_000);
    base.publisher.become('failed');
    await pass(2_000);
    expect([base.client.state, base.of('error')]).toEqual(['reconnecting-media', []]);
    await comeBack(base);
    expect([restarts(base), requests(base, 'rejoin').length]).toEqual([1, 0]);
    base.publisher.become('connected');
    expect([base.client.state, base.of('state')]).toEqual(['joined', ['reconnecting-media', 'joined']]);
    expect(openPeers()).toEqual([base.publisher, base.subscriber]);
  });

  test('is not given up, however often its connection fails', async () => {
    const base = await onAir();
    await lose(base, 0);
    for (let n = 0; n < 10; n += 1) {
      base.publisher.become('failed');
      await pass(1_000);
    }
    expect([base.client.state, openPeers().length, base.of('error')]).toEqual(['reconnecting-media', 2, []]);
    await comeBack(base);
    expect([restarts(base), base.client.state]).toEqual([1, 'reconnecting-media']);
    base.publisher.become('connected');
    expect([base.client.state, base.relay.joins.length]).toEqual(['joined', 1]);
  });

  test.each(['before', 'after'])(
    'has a restart that was under way answered %s the resumption; another one is not needed',
    async (when) => {
      const base = await onAir();
      const { offer } = base.relay.results;
      base.relay.results.offer = (params) => {
        base.publisher.become('connecting');
        return offer?.(params);
      };
      if (when === 'after') base.relay.results.offer = () => undefined;
      base.relay.latency = () => 10;
      base.publisher.become('failed');
      await pass(5);
      await lose(base, 10_000);
      expect(restarts(base)).toBe(0);
      await comeBack(base);
      await pass(5_000);
      expect([restarts(base), base.client.state]).toEqual([1, 'reconnecting-media']);
      base.relay.answerLast({ type: 'answer', sdp: 'v=0\r\n' });
      await pass(1_000);
      base.publisher.become('connected');
      expect([base.client.state, base.of('error'), restarts(base)]).toEqual(['joined', [], 1]);
    },
  );

  test('has as many restarts as ever after that', async () => {
    const base = await onAir();
    for (let n = 0; n < 4; n += 1) {
      base.publisher.become('failed');
      await pass(4_000);
    }
    base.publisher.become('connected');
    for (let n = 0; n < 4; n += 1) {
      base.publisher.become('failed');
      await pass(4_000);
    }
    expect(restarts(base)).toBe(8);
    await lose(base, 1_000);
    await comeBack(base);
    for (let n = 0; n < 3; n += 1) {
      base.publisher.become('failed');
      await pass(4_000);
    }
    expect([restarts(base), requests(base, 'rejoin')]).toEqual([12, []]);
  });

  test('that has been dead for 20 s is restored by another session, in the place of this one', async () => {
    const base = await onAir();
    await lose(base, 0);
    base.publisher.become('disconnected');
    await pass(10_000);
    base.publisher.become('failed');
    await pass(11_000);
    await comeBack(base);
    await pass(1_000);
    expect([restarts(base), requests(base, 'rejoin')]).toEqual([0, []]);
    expect([base.client.state, base.relay.joins.length, openPeers().length]).toEqual(['joined', 2, 2]);
    expect(base.relay.joins[1]).toMatchObject({ replaces: { sessionToken: expect.any(String) } });
  });

  test('whose receiving connection has failed, too: Ion does not restart its ICE', async () => {
    const base = await onAir();
    await lose(base, 2_000);
    base.subscriber.become('failed');
    await pass(2_000);
    expect([base.client.state, openPeers().length]).toEqual(['reconnecting-media', 2]);
    await comeBack(base);
    await pass(1_000);
    expect([base.client.state, base.relay.joins.length, openPeers().length]).toEqual(['joined', 2, 2]);
  });

  test('that the SFU has lost is replaced when the relay says so, as ever', async () => {
    const base = await onAir();
    await lose(base, 0);
    base.publisher.become('failed');
    base.relay.notify('interrupted', { peer: 1, reason: 'The SFU is lost.' });
    await pass(22_000);
    await comeBack(base);
    expect(base.of('interrupted')).toEqual([{ reason: 'The SFU is lost.' }]);
    expect([restarts(base), requests(base, 'rejoin')]).toEqual([0, []]);
    base.relay.notify('rejoin', { peer: 1, afterMs: 0, reason: 'Another node.' });
    await settle();
    expect(requests(base, 'rejoin')).toMatchObject([{ peer: 2 }]);
  });
});

test('media that is lost just before the connection breaks is restored by another session', async () => {
  const base = await onAir();
  base.relay.isReachable = false;
  base.subscriber.become('failed');
  base.relay.cut();
  await pass(5_000);
  await comeBack(base);
  await pass(10_000);
  expect([base.client.state, base.relay.joins.length, openPeers().length]).toEqual(['joined', 2, 2]);
});

test('a new peer that was under way is there after the resumption', async () => {
  const base = await onAir();
  base.relay.latency = () => 10;
  base.relay.notify('rejoin', { peer: 1, afterMs: 0, reason: 'full' });
  // The request does not arrive.
  await pass(15);
  await lose(base, 5_000);
  expect(requests(base, 'rejoin')).toEqual([]);
  await comeBack(base);
  await pass(10_000);
  expect(requests(base, 'rejoin')).toMatchObject([{ peer: 2 }]);
  expect(requests(base, 'leave')).toEqual([{ peer: 1 }]);
  expect([base.client.state, openPeers().length, base.of('error')]).toEqual(['joined', 2, []]);
});

test('a new peer that the browser refuses meanwhile is replaced by another session; calls are done in that', async () => {
  const base = await onAir();
  const { length } = FakePeer.all;
  base.relay.latency = () => 10;
  base.relay.notify('rejoin', { peer: 1, afterMs: 0, reason: 'full' });
  await pass(15);
  const next = FakePeer.all[length];
  next?.failNext('setRemoteDescription');
  const release = next?.hold('setRemoteDescription');
  await pass(20);
  expect(requests(base, 'rejoin')).toHaveLength(1);
  await lose(base, 1_000);
  const chatting = base.client.chat('hello');
  await settle();
  release?.();
  await settle();
  expect(base.client.state).toBe('reconnecting');
  await comeBack(base);
  await chatting;
  expect([base.client.state, base.relay.joins.length, base.of('error')]).toEqual(['joined', 2, []]);
});

test('calls meanwhile wait for the connection, and are done once', async () => {
  const base = await onAir();
  await lose(base, 1_000);
  const calls = Promise.all([
    base.client.publish(asStream(new FakeStream([new FakeTrack('video', 'screen')], 'desk'))),
    base.client.subscribe([{ trackId: 't1', subscribe: true }]),
    base.client.setMetadata({ hand: true }),
    base.client.moderate({ action: 'lock' }),
    base.client.restartIce(),
  ]);
  const done = vi.fn();
  void calls.then(done);
  await pass(5_000);
  expect(done).not.toHaveBeenCalled();
  await comeBack(base);
  expect(done).toHaveBeenCalled();
  expect(base.relay.methods().slice(2).sort()).toEqual(['moderate', 'offer', 'offer', 'subscribe', 'update']);
});
