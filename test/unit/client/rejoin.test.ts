import { beforeEach, describe, expect, test, vi } from 'vitest';
import { asStream, FakePeer, FakeStream, FakeTrack, installFakeBrowser, offerWith } from './fake-browser.js';
import { type Joined, joined, joinResult, participant, track } from './participant.js';

beforeEach(installFakeBrowser);
beforeEach(() => {
  vi.useFakeTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(0);
/** Longer than both peers stay side by side, even if a track does not come by the new one. */
const pass = () => vi.advanceTimersByTimeAsync(20_000);
const openPeers = () => FakePeer.all.filter(({ isClosed }) => !isClosed);
const QUIET = { state: [], error: [], track: [], trackended: [], close: [] };

/** A client in a room with one other, of whom it receives a video; its relay takes a rejoin. */
async function watching() {
  const base = await joined({ participants: [participant('other', track('t1'))] });
  base.socket.results.rejoin = ({ peer }) =>
    joinResult({ peer, participants: [participant('other', track('t1'))] });
  const video = new FakeTrack('video', 'received 1');
  bring(base, base.subscriber, 't1', video);
  await settle();
  const heard = base.heard.splice(0);
  expect(heard.map(({ name }) => name)).toContain('track');
  return {
    ...base,
    video,
    quiet: () => Object.fromEntries(Object.keys(QUIET).map((name) => [name, base.of(name)])),
  };
}

function bring(
  base: Joined,
  subscriber: FakePeer,
  trackId: string,
  video: FakeTrack,
  peer?: number,
  mid = '1',
) {
  base.socket.notify('offer', { type: 'offer', sdp: offerWith({ mid, streamId: 's1', trackId }), peer });
  return settle().then(() => subscriber.bring(video, new FakeStream([video], 's1'), mid));
}

/** The relay wants another peer; gives the connections of that. */
async function rejoined({ socket }: Joined, peer = 1) {
  socket.notify('rejoin', { peer, afterMs: 0, reason: 'full' });
  await settle();
  const [publisher, subscriber] = FakePeer.all.slice(-2);
  if (!publisher || !subscriber) throw new Error('there are no peer connections');
  return { publisher, subscriber };
}

/** The relay refuses what was sent last. */
function refuse({ socket }: Joined, code: string): void {
  const { id } = socket.sent.at(-1) ?? {};
  socket.receive({ id, error: { code: -32000, message: 'no', data: { code, retryable: true } } });
}

describe('a peer that the relay wants to be replaced', () => {
  test('is, in the same session, and the application hears nothing', async () => {
    const base = await watching();
    const { sessionId } = base.client.session ?? {};
    const next = await rejoined(base);
    expect(base.socket.params('rejoin')).toMatchObject([{ peer: 2, offer: { type: 'offer' }, renamed: {} }]);
    expect(openPeers()).toHaveLength(4);
    await pass();
    expect(base.socket.params('leave')).toEqual([{ peer: 1 }]);
    expect(openPeers()).toEqual([next.publisher, next.subscriber]);
    expect([base.client.session?.sessionId, base.client.state]).toEqual([sessionId, 'joined']);
    expect([base.client.publisher, base.client.subscriber]).toEqual([next.publisher, next.subscriber]);
  });

  test('gathers with the ICE servers of the one before, until the relay names its own', async () => {
    const iceServers = [{ urls: 'turn:first' }];
    const base = await joined({ iceServers }, { rtcConfiguration: { iceTransportPolicy: 'relay' } });
    const own = [{ urls: 'turn:second' }];
    base.socket.results.rejoin = ({ peer }) => joinResult({ peer, iceServers: own });
    const { publisher } = await rejoined(base);
    expect(publisher.gathersWith).toEqual({ iceServers, iceTransportPolicy: 'relay' });
    expect(publisher.configuration).toEqual({ iceServers: own, iceTransportPolicy: 'relay' });
  });

  test('brings the same tracks in the same streams', async () => {
    const base = await watching();
    await settle();
    const [remote] = base.client.tracks;
    const { stream } = remote ?? {};
    const next = await rejoined(base);
    const again = new FakeTrack('video', 'received 2');
    await bring(base, next.subscriber, 't1', again, 2);
    await pass();
    expect(base.client.tracks).toEqual([remote]);
    expect(remote).toMatchObject({ track: again, trackId: 't1', userId: 'user of other' });
    expect(remote?.stream).toBe(stream);
    expect(stream?.getTracks()).toEqual([again]);
    expect(base.quiet()).toEqual(QUIET);
  });

  test('sends on what was sent, by new ids, and says which', async () => {
    const base = await watching();
    const camera = new FakeTrack('video', 'camera');
    await base.client.publish(asStream(new FakeStream([camera], 'home')), { maxBitrate: 500_000 });
    const next = await rejoined(base);
    const [sent] = next.publisher.transceivers;
    expect(sent).toMatchObject({ track: camera, init: { sendEncodings: [{ maxBitrate: 500_000 }] } });
    expect(base.socket.params('rejoin')).toMatchObject([{ renamed: { camera: sent?.trackId } }]);
    expect(sent?.trackId).not.toBe('camera');
    await pass();
    camera.end();
    await settle();
    expect(base.socket.params('offer').at(-1)).toMatchObject({ peer: 2 });
  });

  test('has its messages told apart from those of the old one', async () => {
    const base = await watching();
    const next = await rejoined(base);
    next.publisher.gather('candidate:new');
    base.publisher.gather('candidate:old');
    expect(base.socket.params('trickle')).toMatchObject([{ peer: 2 }, { peer: 1 }]);
    base.socket.notify('offer', { type: 'offer', sdp: 'of the old one' });
    base.socket.notify('offer', { type: 'offer', sdp: 'of the new one', peer: 2 });
    await settle();
    const answers = base.socket.params('answer').slice(-2);
    expect(answers).toMatchObject([
      { peer: 1, desc: { sdp: 'answer to of the old one' } },
      { peer: 2, desc: { sdp: 'answer to of the new one' } },
    ]);
  });

  test('does not bring back what this client sends itself', async () => {
    const base = await watching();
    await base.client.publish(asStream(new FakeStream([new FakeTrack('video', 'camera')], 'home')));
    const next = await rejoined(base);
    await bring(base, next.subscriber, 'camera', new FakeTrack('video', 'own'), 2);
    await pass();
    expect(base.of('track')).toEqual([]);
  });

  test('stays where the relay refuses; the next attempt has another number', async () => {
    const base = await watching();
    base.socket.results.rejoin = () => refuse(base, 'ERR_RELAY_SFU_TIMEOUT');
    await rejoined(base);
    expect(openPeers()).toEqual([base.publisher, base.subscriber]);
    expect(base.client.publisher).toBe(base.publisher);
    expect(base.quiet()).toEqual(QUIET);
    base.socket.results.rejoin = ({ peer }) => joinResult({ peer });
    await rejoined(base);
    expect(base.socket.params('rejoin').map(({ peer }) => peer)).toEqual([2, 3]);
    await pass();
    expect(base.client.publisher).not.toBe(base.publisher);
  });

  test('is not replaced twice by notifications that were late', async () => {
    const base = await watching();
    base.socket.notify('rejoin', { peer: 1, afterMs: 3_000, reason: 'full' });
    await rejoined(base);
    await pass();
    expect(base.socket.params('rejoin')).toHaveLength(1);
  });

  test('is replaced again while the first one is there; both are left when the third one has had its time', async () => {
    const base = await watching();
    await rejoined(base);
    await vi.advanceTimersByTimeAsync(4_000);
    const next = await rejoined(base, 2);
    expect(base.socket.params('rejoin').map(({ peer }) => peer)).toEqual([2, 3]);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(base.socket.params('leave')).toEqual([]);
    expect(openPeers()).toHaveLength(6);
    await pass();
    expect(base.socket.params('leave')).toEqual([{ peer: 1 }, { peer: 2 }]);
    expect(openPeers()).toEqual([next.publisher, next.subscriber]);
    expect([base.of('state'), base.of('error')]).toEqual([[], []]);
  });

  test('leaves the old one where the next replacement fails', async () => {
    const base = await watching();
    await rejoined(base);
    await vi.advanceTimersByTimeAsync(4_000);
    base.socket.results.rejoin = () => undefined;
    await rejoined(base, 2);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(base.socket.params('leave')).toEqual([]);
    refuse(base, 'ERR_RELAY_SFU_TIMEOUT');
    await pass();
    expect(base.socket.params('leave')).toEqual([{ peer: 1 }]);
    expect([openPeers().length, base.client.state]).toEqual([2, 'joined']);
  });

  test('stays as long as the relay says that others receive from it', async () => {
    const base = await watching();
    const answers = [{ afterMs: 3_000 }, {}];
    base.socket.results.leave = () => answers.shift();
    const { subscriber } = await rejoined(base);
    await bring(base, subscriber, 't1', new FakeTrack('video', 'received 2'), 2);
    await vi.advanceTimersByTimeAsync(7_000);
    expect([base.socket.params('leave').length, openPeers().length]).toEqual([1, 4]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect([base.socket.params('leave').length, openPeers().length]).toEqual([2, 2]);
  });

  test('stays while a track does not come by the new one, for 15 s at most', async () => {
    const base = await watching();
    await rejoined(base);
    await vi.advanceTimersByTimeAsync(14_000);
    expect([base.socket.params('leave'), base.of('trackended')]).toEqual([[], []]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(base.socket.params('leave')).toEqual([{ peer: 1 }]);
    expect(base.of('trackended')).toHaveLength(1);
  });

  test('is not replaced a third time before the first ones have been left', async () => {
    const base = await watching();
    await rejoined(base);
    await rejoined(base, 2);
    await rejoined(base, 3);
    expect(base.socket.params('rejoin').map(({ peer }) => peer)).toEqual([2, 3]);
    await pass();
    await rejoined(base, 3);
    expect(base.socket.params('rejoin').map(({ peer }) => peer)).toEqual([2, 3, 4]);
  });

  test('is not by a relay that can not', async () => {
    const base = await joined({ capabilities: [] });
    base.socket.notify('rejoin', { peer: 1, afterMs: 0, reason: 'full' });
    await pass();
    expect(base.socket.params('rejoin')).toEqual([]);
  });

  test('ends with the session, both of them', async () => {
    const base = await watching();
    await rejoined(base);
    await base.client.leave();
    expect(openPeers()).toEqual([]);
    await pass();
    expect(base.of('error')).toEqual([]);
  });
});

test('what the relay refuses for want of another peer is done on another one', async () => {
  const base = await watching();
  const answer = base.socket.results.offer ?? (() => undefined);
  base.socket.results.offer = () => {
    refuse(base, 'ERR_RELAY_REJOIN');
    base.socket.results.offer = answer;
  };
  const camera = new FakeTrack('video', 'camera');
  await base.client.publish(asStream(new FakeStream([camera], 'home')));
  expect(base.socket.params('rejoin')).toHaveLength(1);
  expect(base.socket.params('offer').map(({ peer }) => peer)).toEqual([1, 2]);
  expect(base.of('error')).toEqual([]);
});

test('a track that goes on under another id is the same for the application, and is still subscribed', async () => {
  const base = await watching();
  await base.client.subscribe([{ trackId: 't1', subscribe: true }]);
  const [remote] = base.client.tracks;
  const event = { revision: 2, sessionId: 'other', userId: 'user of other' };
  base.socket.notify('tracks', {
    ...event,
    state: 'removed',
    tracks: [{ ...track('t1'), replacedBy: 't2' }],
  });
  base.socket.notify('tracks', { ...event, revision: 3, state: 'added', tracks: [track('t2')] });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(base.socket.params('subscribe').at(-1)).toMatchObject({
    subscriptions: [{ trackId: 't2', subscribe: true }],
  });
  const again = new FakeTrack('video', 'received 2');
  await bring(base, base.subscriber, 't2', again, undefined, '2');
  await pass();
  expect(base.client.tracks).toEqual([remote]);
  expect(remote).toMatchObject({ track: again, trackId: 't2' });
  expect([base.of('track'), base.of('trackended')]).toEqual([[], []]);
});

test.each(['audio', 'video', 'm', '0'])(
  'a track whose id is "%s" is received, though those letters stand in the own description',
  async (trackId) => {
    const base = await joined({ participants: [participant('other', track(trackId))] });
    await bring(base, base.subscriber, trackId, new FakeTrack('video', 'received 1'));
    await settle();
    expect(base.of('track')).toHaveLength(1);
  },
);
