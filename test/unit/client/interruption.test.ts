import { beforeEach, describe, expect, test, vi } from 'vitest';
import {
  asStream,
  asTrack,
  FakePeer,
  FakeSocket,
  FakeStream,
  FakeTrack,
  installFakeBrowser,
  newest,
  offerWith,
} from './fake-browser.js';
import { connected, type Joined, joined, joinResult, participant, track } from './participant.js';

beforeEach(installFakeBrowser);
beforeEach(() => {
  vi.useFakeTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(0);
const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);
const openPeers = () => FakePeer.all.filter(({ isClosed }) => !isClosed);
const QUIET = { error: [], track: [], trackended: [], close: [] };
const quiet = (base: Joined) => Object.fromEntries(Object.keys(QUIET).map((name) => [name, base.of(name)]));
const others = () => [participant('other', track('t1'))];
const methods = ({ socket }: Joined) => socket.sent.map(({ method }) => method);

/** A client that receives a video and sends a camera; media flows. */
async function playing() {
  const base = await joined({ participants: others() });
  base.socket.results.message = () => ({ id: 'm1', at: 1 });
  base.publisher.become('connected');
  const video = await bring(base, base.subscriber, 1);
  base.subscriber.become('connected');
  const camera = new FakeTrack('video', 'camera');
  const home = asStream(new FakeStream([camera], 'home'));
  await base.client.publish(home);
  base.heard.length = 0;
  base.socket.sent.length = 0;
  return { ...base, video, camera, home };
}

/** The SFU offers the other's video, and its media arrives. */
async function bring({ socket }: Joined, subscriber: FakePeer, peer: number, trackId = 't1') {
  const sdp = offerWith({ mid: '1', streamId: 's1', trackId });
  socket.notify('offer', { type: 'offer', sdp, ...(peer > 1 && { peer }) });
  await settle();
  const video = new FakeTrack('video', `received by ${peer}`);
  subscriber.bring(video, new FakeStream([video], 's1'), '1');
  await settle();
  return video;
}

function interrupt({ socket }: Joined, peer = 1): void {
  socket.notify('interrupted', { peer, reason: 'The SFU is lost.' });
}

/** Another node can take the room. */
async function notice({ socket }: Joined, peer = 1) {
  socket.notify('rejoin', { peer, afterMs: 0, reason: 'Another node.' });
  await settle();
  const [publisher, subscriber] = FakePeer.all.slice(-2);
  if (!publisher || !subscriber) throw new Error('there are no peer connections');
  return { publisher, subscriber };
}

function accept({ socket }: Joined): void {
  socket.results.rejoin = ({ peer }) => joinResult({ peer, participants: others() });
}

/** The relay refuses what was sent last. */
function refuse({ socket }: Joined, code = 'ERR_RELAY_REJOIN'): void {
  const { id } = newest(socket.sent);
  socket.receive({ id, error: { code: -32016, message: 'no', data: { code, retryable: true } } });
}

describe('a peer that the SFU has lost', () => {
  test('is told of, once; the client waits for another node', async () => {
    const base = await playing();
    interrupt(base);
    interrupt(base);
    await pass(60_000);
    expect(base.heard).toEqual([
      { name: 'interrupted', args: [{ reason: 'The SFU is lost.' }] },
      { name: 'state', args: ['reconnecting-media'] },
    ]);
    expect(methods(base).filter((method) => method !== 'ping')).toEqual([]);
  });

  test('is replaced when the relay says so; the state is "joined" when the new media is connected', async () => {
    const base = await playing();
    const [remote] = base.client.tracks;
    const { stream } = remote ?? {};
    accept(base);
    interrupt(base);
    await pass(60_000);
    const next = await notice(base);
    expect(base.socket.params('rejoin')).toMatchObject([{ peer: 2, offer: { type: 'offer' } }]);
    const again = await bring(base, next.subscriber, 2);
    next.subscriber.connectionState = 'connecting';
    next.publisher.become('connected');
    expect(base.client.state).toBe('reconnecting-media');
    next.subscriber.become('connected');
    expect(base.of('state')).toEqual(['reconnecting-media', 'joined']);
    await pass(10_000);
    expect(base.client.tracks).toEqual([remote]);
    expect(remote).toMatchObject({ track: again, stream });
    expect(stream?.getTracks()).toEqual([again]);
    expect(quiet(base)).toEqual(QUIET);
    expect(openPeers()).toEqual([next.publisher, next.subscriber]);
    expect(base.socket.params('leave')).toEqual([]);
  });

  test('restarts no ICE, and does not end the session, when its connections fail', async () => {
    const base = await playing();
    base.publisher.become('disconnected');
    interrupt(base);
    await pass(5_000);
    base.publisher.become('failed');
    base.subscriber.become('failed');
    await pass(60_000);
    base.publisher.become('connected');
    expect(base.client.state).toBe('reconnecting-media');
    expect(methods(base).filter((method) => method !== 'ping')).toEqual([]);
    expect(quiet(base)).toEqual(QUIET);
  });

  test('takes its ICE restart with it that was under way', async () => {
    const base = await playing();
    delete base.socket.results.offer;
    base.publisher.become('failed');
    await settle();
    interrupt(base);
    refuse(base);
    await pass(60_000);
    expect(base.socket.params('offer')).toHaveLength(1);
    expect(quiet(base)).toEqual(QUIET);
  });

  test('keeps a track until its publisher is there again, as long as the room has it', async () => {
    const base = await playing();
    accept(base);
    interrupt(base);
    const next = await notice(base);
    await pass(30_000);
    const event = { revision: 2, sessionId: 'other', userId: 'user of other' };
    const gone = [{ ...track('t1'), replacedBy: 't2' }];
    base.socket.notify('tracks', { ...event, state: 'removed', tracks: gone });
    base.socket.notify('tracks', { ...event, revision: 3, state: 'added', tracks: [track('t2')] });
    const again = await bring(base, next.subscriber, 2, 't2');
    await pass(10_000);
    expect(base.client.tracks).toMatchObject([{ track: again, trackId: 't2' }]);
    expect(quiet(base)).toEqual(QUIET);
    expect(openPeers()).toHaveLength(2);
  });

  test('ends a track that leaves the room meanwhile', async () => {
    const base = await playing();
    accept(base);
    interrupt(base);
    await notice(base);
    base.socket.notify('participants', { revision: 2, left: ['other'] });
    expect(base.of('trackended')).toHaveLength(1);
    await pass(5_000);
    expect(openPeers()).toHaveLength(2);
  });
});

describe('calls during an interruption', () => {
  test('that need no peer go through at once', async () => {
    const base = await playing();
    interrupt(base);
    base.socket.results.participants = () => ({ participants: [], total: 0 });
    await base.client.chat('hello');
    await base.client.moderate({ action: 'lock' } as never);
    await base.client.setMetadata({ name: 'me' });
    await base.client.findParticipants();
    await base.client.setMuted(asTrack(base.camera), true);
    expect(methods(base)).toEqual(['message', 'moderate', 'update', 'participants', 'update']);
  });

  test('that need a peer wait for the next one', async () => {
    const base = await playing();
    accept(base);
    interrupt(base);
    const screen = asStream(new FakeStream([new FakeTrack('video', 'desk')], 'desk'));
    const calls = Promise.all([
      base.client.publish(screen),
      base.client.subscribe([{ trackId: 't1', subscribe: true }]),
    ]);
    await pass(30_000);
    expect(methods(base).filter((method) => method !== 'ping')).toEqual([]);
    await notice(base);
    await calls;
    expect(base.socket.params('offer')).toMatchObject([{ peer: 2 }]);
    expect(base.socket.params('subscribe')).toHaveLength(1);
  });

  test('that were under way are done on the next peer; the client does not rejoin by itself', async () => {
    const base = await playing();
    accept(base);
    const answer = base.socket.results.offer;
    delete base.socket.results.offer;
    const screen = asStream(new FakeStream([new FakeTrack('video', 'desk')], 'desk'));
    const publishing = base.client.publish(screen);
    await settle();
    interrupt(base);
    refuse(base);
    await pass(30_000);
    expect(base.socket.params('rejoin')).toEqual([]);
    if (answer) base.socket.results.offer = answer;
    await notice(base);
    await publishing;
    expect(base.socket.params('offer').map(({ peer }) => peer)).toEqual([1, 2]);
    expect(quiet(base)).toEqual(QUIET);
  });

  test('unpublish: the next peer does not send the stream', async () => {
    const base = await playing();
    accept(base);
    base.socket.results.offer = () => refuse(base);
    interrupt(base);
    const unpublishing = base.client.unpublish(base.home);
    await settle();
    const next = await notice(base);
    await unpublishing;
    expect(next.publisher.transceivers).toEqual([]);
    expect(base.socket.params('rejoin')).toMatchObject([{ renamed: {} }]);
  });

  test.each(['leave', 'close'] as const)('%s() ends everything at once', async (name) => {
    const base = await playing();
    interrupt(base);
    const screen = asStream(new FakeStream([new FakeTrack('video', 'desk')], 'desk'));
    const publishing = base.client.publish(screen);
    const outcome = expect(publishing).rejects.toMatchObject({
      code: name === 'leave' ? 'ERR_CLIENT_ABORTED' : 'ERR_CLIENT_CLOSED',
    });
    await base.client[name]();
    await outcome;
    expect([base.client.state, openPeers()]).toEqual([name === 'leave' ? 'open' : 'closed', []]);
    await notice(base);
    expect([base.socket.params('rejoin'), base.of('error')]).toEqual([[], []]);
  });
});

describe('the next peer', () => {
  test('sends what was sent, with its options and preferences, and receives what was subscribed', async () => {
    const base = await playing();
    accept(base);
    await base.client.subscribe([{ trackId: 't1', subscribe: true }]);
    base.client.setReceiving('s1', { audio: false });
    await base.client.setMuted(asTrack(base.camera), true);
    interrupt(base);
    const next = await notice(base);
    const [sent] = next.publisher.transceivers;
    expect(sent).toMatchObject({ track: base.camera });
    expect(base.socket.params('rejoin')).toMatchObject([{ renamed: { camera: sent?.trackId } }]);
    expect(base.socket.params('subscribe')).toHaveLength(2);
    const channel = next.subscriber.bringChannel('ion-sfu');
    channel.open();
    expect(channel.sent).toMatchObject([{ streamId: 's1', audio: false }]);
    await base.client.setMuted(asTrack(base.camera), false);
    expect(base.socket.params('update').at(-1)).toEqual({
      tracks: [{ trackId: sent?.trackId, muted: false }],
    });
  });

  test('reports statistics; the lost one does not', async () => {
    const base = await joined({}, { statsIntervalMs: 1_000 });
    accept(base);
    base.socket.results.stats = () => ({});
    interrupt(base);
    await pass(5_000);
    expect(base.socket.params('stats')).toEqual([]);
    await notice(base);
    await pass(1_000);
    expect(base.socket.params('stats')).toHaveLength(1);
  });

  test('comes by a later notice where the first node is lost, too', async () => {
    const base = await playing();
    base.socket.results.rejoin = () => refuse(base, 'ERR_RELAY_SFU_UNAVAILABLE');
    interrupt(base);
    await notice(base);
    await pass(30_000);
    expect(base.socket.params('rejoin')).toHaveLength(1);
    expect([base.client.state, openPeers()]).toEqual([
      'reconnecting-media',
      [base.publisher, base.subscriber],
    ]);
    accept(base);
    const next = await notice(base);
    next.publisher.become('connected');
    expect(base.client.state).toBe('joined');
    expect(base.socket.params('rejoin').map(({ peer }) => peer)).toEqual([2, 3]);
    expect(quiet(base)).toEqual(QUIET);
  });

  test('comes after a rejoin that was in progress has failed', async () => {
    const base = await playing();
    await notice(base);
    interrupt(base);
    base.socket.notify('rejoin', { peer: 1, afterMs: 0, reason: 'Another node.' });
    await settle();
    expect(base.socket.params('rejoin')).toHaveLength(1);
    const { id } = newest(base.socket.sent.filter(({ method }) => method === 'rejoin'));
    const data = { code: 'ERR_RELAY_SFU_UNAVAILABLE', retryable: true };
    accept(base);
    base.socket.receive({ id, error: { code: -32000, message: 'no', data } });
    await settle();
    newest(FakePeer.all.slice(0, -1)).become('connected');
    expect(base.socket.params('rejoin').map(({ peer }) => peer)).toEqual([2, 3]);
    expect(base.client.state).toBe('joined');
    expect(quiet(base)).toEqual(QUIET);
  });

  test('may be lost at once: the track stays the same over three nodes', async () => {
    const base = await playing();
    const [remote] = base.client.tracks;
    accept(base);
    await notice(base);
    interrupt(base, 2);
    await pass(20_000);
    expect(base.of('interrupted')).toHaveLength(1);
    const third = await notice(base, 2);
    const again = await bring(base, third.subscriber, 3);
    third.publisher.become('connected');
    third.subscriber.become('connected');
    await pass(20_000);
    expect(base.client.state).toBe('joined');
    expect(base.client.tracks).toEqual([remote]);
    expect(remote).toMatchObject({ track: again });
    expect(quiet(base)).toEqual(QUIET);
    expect(openPeers()).toEqual([third.publisher, third.subscriber]);
  });

  test('may be lost before the track of the first one was replaced', async () => {
    const base = await playing();
    const [remote] = base.client.tracks;
    accept(base);
    interrupt(base);
    const second = await notice(base);
    const muted = Object.assign(new FakeTrack('video', 'never seen'), { muted: true });
    base.socket.notify('offer', {
      type: 'offer',
      sdp: offerWith({ mid: '1', streamId: 's1', trackId: 't1' }),
      peer: 2,
    });
    await settle();
    second.subscriber.bring(muted, new FakeStream([muted], 's1'), '1');
    interrupt(base, 2);
    const third = await notice(base, 2);
    const again = await bring(base, third.subscriber, 3);
    await pass(20_000);
    expect(base.client.tracks).toEqual([remote]);
    expect(remote?.stream.getTracks()).toEqual([again]);
    expect(quiet(base)).toEqual(QUIET);
  });
});

test('a peer that is lost before the join has been restored is replaced after it', async () => {
  const base = await joined({ participants: others() });
  await base.client.subscribe([{ trackId: 't1', subscribe: true }]);
  base.socket.end(1006);
  await pass(1_000);
  const socket = newest(FakeSocket.all);
  socket.results = {
    join: () => joinResult({ participants: others() }),
    rejoin: ({ peer }) => joinResult({ peer, participants: others() }),
  };
  socket.open();
  await settle();
  expect(socket.params('subscribe')).toHaveLength(1);
  interrupt({ ...base, socket });
  socket.notify('rejoin', { peer: 1, afterMs: 0, reason: 'Another node.' });
  await settle();
  expect(socket.params('rejoin')).toEqual([]);
  socket.results.subscribe = () => ({});
  const { id } = newest(socket.sent.filter(({ method }) => method === 'subscribe'));
  const data = { code: 'ERR_RELAY_REJOIN', retryable: true };
  socket.receive({ id, error: { code: -32016, message: 'no', data } });
  await settle();
  expect(socket.params('rejoin')).toMatchObject([{ peer: 2 }]);
  expect(socket.params('subscribe')).toHaveLength(2);
  expect(base.client.state).toBe('reconnecting-media');
  newest(FakePeer.all.slice(0, -1)).become('connected');
  expect(base.client.state).toBe('joined');
  expect(base.of('error')).toEqual([]);
});

test('the ordinary recovery follows where the connection closes during the wait', async () => {
  const base = await playing();
  interrupt(base);
  const publishing = base.client.publish(asStream(new FakeStream([new FakeTrack('video', 'desk')], 'desk')));
  base.socket.end(4503);
  expect(base.client.state).toBe('reconnecting');
  const next = await reconnected();
  await publishing;
  expect(base.client.state).toBe('joined');
  expect(next.params('join')).toHaveLength(1);
  expect(base.of('error')).toEqual([]);
});

async function reconnected() {
  await pass(1_000);
  const socket = newest(FakeSocket.all);
  socket.results = { join: () => joinResult(), offer: () => ({ type: 'answer', sdp: 'v=0\r\n' }) };
  socket.open();
  await settle();
  return socket;
}

test('a notice about a peer that the client does not have is ignored', async () => {
  const base = await connected();
  base.socket.notify('interrupted', { peer: 1, reason: 'x' });
  await base.client.join({ roomId: 'lobby' });
  base.socket.notify('interrupted', { peer: 2, reason: 'x' });
  expect([base.client.state, base.of('interrupted')]).toEqual(['joined', []]);
});
