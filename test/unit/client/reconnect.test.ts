import { getEventListeners } from 'node:events';
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
/** Longer than any one pause between two attempts. */
const PAUSE_MS = 13_000;
const settle = () => vi.advanceTimersByTimeAsync(0);
const pause = () => vi.advanceTimersByTimeAsync(PAUSE_MS);
const openPeers = () => FakePeer.all.filter(({ isClosed }) => !isClosed);
const openSockets = () => FakeSocket.all.filter(({ readyState }) => readyState < 2);
const methods = (socket: FakeSocket) => socket.sent.map(({ method }) => method);

/** Waits for the next socket and opens it; its relay answers as the first did. */
async function nextSocket({ socket }: { socket: FakeSocket }): Promise<FakeSocket> {
  const before = FakeSocket.all.length;
  for (let waited = 0; waited < PAUSE_MS && FakeSocket.all.length === before; waited += 100)
    await vi.advanceTimersByTimeAsync(100);
  expect(FakeSocket.all).toHaveLength(before + 1);
  const next = newest(FakeSocket.all);
  next.results = { ...socket.results };
  return next;
}

async function comeBack(base: { socket: FakeSocket }): Promise<FakeSocket> {
  const next = await nextSocket(base);
  next.open();
  await settle();
  return next;
}

async function onAir(options: Parameters<typeof joined>[1] = {}) {
  const base = await joined({}, options);
  const camera = new FakeTrack('video', 'cam');
  const home = asStream(new FakeStream([camera], 'home'));
  await base.client.publish(home, { maxBitrate: 500_000 });
  return { ...base, camera, home };
}

describe('a socket that closes during a session', () => {
  test.each([1001, 1006, 4408, 4429, 4500, 4502, 4508])(
    'with %i is opened anew, and the room joined',
    async (code) => {
      const base = await joined({ userId: 'u', roomId: 'lobby' });
      base.socket.end(code);
      expect([base.client.state, base.client.session]).toEqual(['reconnecting', undefined]);
      const next = await comeBack(base);
      expect([next.url, next.protocols]).toEqual([base.socket.url, base.socket.protocols]);
      expect(next.params('join')).toMatchObject([{ sid: 'lobby', uid: 'u' }]);
      expect(base.client.session).toBeDefined();
      expect(base.of('state').slice(-2)).toEqual(['reconnecting', 'joined']);
      expect([base.of('close'), base.of('error')]).toEqual([[], []]);
    },
  );

  test.each([1000, 4400, 4401, 4403, 4409, 4413])('with %i is the end', async (code) => {
    const { client, socket, of } = await joined();
    socket.end(code);
    await pause();
    expect([client.state, FakeSocket.all.length]).toEqual(['closed', 1]);
    expect(of('close')).toMatchObject([{ code, retryable: false }]);
  });

  test('is the end where no recovery is wanted', async () => {
    const { client, socket, of } = await joined({}, { reconnect: false });
    socket.end(1006);
    await pause();
    expect([client.state, FakeSocket.all.length]).toEqual(['closed', 1]);
    expect(of('close')).toMatchObject([{ code: 1006, retryable: true }]);
  });

  test('before anything was joined is the end', async () => {
    const { client, socket, of } = await connected();
    socket.end(1006);
    await pause();
    expect([client.state, of('close').length, FakeSocket.all.length]).toEqual(['closed', 1, 1]);
  });

  test('after the relay has said when to come back is opened no sooner', async () => {
    const base = await joined();
    base.socket.notify('goaway', { reason: 'update', reconnectAfterMs: 30_000 });
    base.socket.end(1001);
    await vi.advanceTimersByTimeAsync(29_000);
    expect(FakeSocket.all).toHaveLength(1);
    await comeBack(base);
    expect(base.client.state).toBe('joined');
  });
});

describe('the new session', () => {
  test('has what the first was given and told: options, metadata, the token', async () => {
    const base = await connected();
    base.socket.results.authenticate = () => ({ userId: 'u' });
    await base.client.authenticate('a secret');
    await base.client.join({ roomId: 'lobby', role: 'subscriber', autoSubscribe: false, metadata: { a: 1 } });
    await base.client.setMetadata({ a: 2 });
    base.socket.end(1006);
    const next = await comeBack(base);
    expect(methods(next).slice(0, 2)).toEqual(['authenticate', 'join']);
    expect(next.params('authenticate')).toEqual([{ token: 'a secret' }]);
    expect(next.params('join')).toMatchObject([
      {
        sid: 'lobby',
        uid: 'me',
        role: 'subscriber',
        config: { NoAutoSubscribe: 'true' },
        metadata: { a: 2 },
      },
    ]);
  });

  test('gathers with the ICE servers that the relay names then: TURN may be the only way', async () => {
    const base = await joined({ iceServers: [{ urls: 'turn:relay', username: 'u' }] });
    const iceServers = [{ urls: 'turn:relay', username: 'v' }];
    base.socket.results.join = () => joinResult({ iceServers });
    base.socket.end(1006);
    await comeBack(base);
    const [publisher, subscriber] = openPeers();
    for (const configuration of [publisher?.gathersWith, publisher?.configuration, subscriber?.configuration])
      expect(configuration).toEqual({ iceServers });
  });

  test('sends what was sent, with its options and whether it is muted', async () => {
    const base = await onAir();
    await base.client.setMuted(asTrack(base.camera), true);
    base.socket.end(1006);
    const next = await comeBack(base);
    const transceivers = openPeers().flatMap(({ transceivers }) => transceivers);
    expect(transceivers.map(({ track: sent, init }) => [sent, init.sendEncodings])).toEqual([
      [base.camera, [{ maxBitrate: 500_000 }]],
    ]);
    expect(next.params('update')).toEqual([{ tracks: [{ trackId: 'cam', muted: true }] }]);
    expect(methods(next).filter((method) => method === 'offer')).toHaveLength(1);
  });

  test('sends the track that the application has put in another’s place, and none that has ended', async () => {
    const base = await onAir();
    const screen = new FakeTrack('video', 'screen');
    await base.client.publish(asStream(new FakeStream([screen], 'desk')));
    const other = new FakeTrack('video', 'other');
    await base.publisher.transceivers[0]?.sender.replaceTrack(other);
    screen.readyState = 'ended';
    base.socket.end(1006);
    await comeBack(base);
    expect(openPeers().flatMap(({ transceivers }) => transceivers.map(({ trackId }) => trackId))).toEqual([
      'other',
    ]);
  });

  test('does not send what was unpublished meanwhile', async () => {
    const base = await onAir();
    base.socket.end(1006);
    const unpublishing = base.client.unpublish(base.home);
    const next = await comeBack(base);
    await unpublishing;
    expect(methods(next)).toEqual(['join']);
  });

  test('receives what was asked for', async () => {
    const bob = participant('bob', track('t1'), track('t2'));
    const base = await joined({ participants: [bob] });
    await base.client.subscribe([
      { trackId: 't1', subscribe: true },
      { trackId: 'gone', subscribe: true },
    ]);
    base.client.setLayer('s1', 'low');
    base.socket.end(1006);
    base.client.setReceiving('s1', { audio: false });
    const next = await comeBack(base);
    expect(next.params('subscribe')).toEqual([{ subscriptions: [{ trackId: 't1', subscribe: true }] }]);
    const channel = newest(FakePeer.all).bringChannel('ion-sfu');
    channel.open();
    expect(channel.sent).toEqual([{ streamId: 's1', video: 'low', audio: false }]);
  });

  test('has a room of its own: the tracks of the last have ended, its people are forgotten', async () => {
    const base = await joined({ participants: [participant('bob', track('t1'))], revision: 70 });
    base.socket.notify('offer', {
      type: 'offer',
      sdp: offerWith({ mid: '1', streamId: 's1', trackId: 't1' }),
    });
    await settle();
    base.subscriber.bring(new FakeTrack('video', 't1'), new FakeStream([], 's1'), '1');
    base.socket.end(1006);
    expect([base.of('track').length, base.of('trackended').length]).toEqual([1, 1]);
    expect([base.client.participants.size, openPeers()]).toEqual([0, []]);
    base.socket.results.join = () => joinResult({ participants: [participant('eve')], revision: 2 });
    const next = await comeBack(base);
    next.notify('participants', { from: 2, revision: 3, joined: [participant('dan')] });
    expect([...base.client.participants.keys()]).toEqual(['eve', 'dan']);
  });

  test('goes on without what the relay refuses now, and says so', async () => {
    const base = await onAir();
    delete base.socket.results.offer;
    base.socket.end(1006);
    const next = await comeBack(base);
    const data = { code: 'ERR_RELAY_FORBIDDEN', retryable: false };
    next.receive({ id: newest(next.sent).id, error: { code: -32003, message: 'No more.', data } });
    await settle();
    expect(base.client.state).toBe('joined');
    expect(base.of('error')).toMatchObject([{ code: 'ERR_RELAY_FORBIDDEN' }]);
  });
});

describe('media that is lost', () => {
  const causes: Record<string, (base: Joined) => Promise<unknown>> = {
    'because the connection that receives has failed': async ({ subscriber }) => subscriber.become('failed'),
    'because the connection that sends has failed, and its restarts, too': async ({ publisher }) => {
      for (let n = 0; n < 6; n += 1) {
        publisher.become('failed');
        await vi.advanceTimersByTimeAsync(9_000);
      }
    },
    'because an offer of the SFU could not be answered': async ({ subscriber, socket }) => {
      subscriber.failNext('createAnswer');
      socket.notify('offer', { type: 'offer', sdp: 'v=0\r\n' });
    },
  };
  test.each(Object.entries(causes))('%s is replaced, over the socket that stands', async (_, breakIt) => {
    const base = await onAir();
    await breakIt(base);
    await pause();
    expect([base.client.state, FakeSocket.all.length]).toEqual(['joined', 1]);
    expect(methods(base.socket).filter((method) => ['join', 'leave'].includes(method))).toEqual([
      'join',
      'leave',
      'join',
    ]);
    expect([base.publisher.isClosed, base.subscriber.isClosed, openPeers().length]).toEqual([true, true, 2]);
    expect(base.of('error')).toEqual([]);
  });

  test('on both connections is one recovery', async () => {
    const base = await joined();
    base.subscriber.become('failed');
    base.publisher.become('failed');
    await settle();
    base.socket.end(1006);
    await comeBack(base);
    expect(base.of('state').filter((state) => state === 'reconnecting')).toHaveLength(1);
    expect([openPeers().length, openSockets().length]).toEqual([2, 1]);
  });
});

describe('what is asked for meanwhile', () => {
  test('waits for the new session, also when it was under way', async () => {
    const base = await joined();
    delete base.socket.results.offer;
    const before = base.client.publish(asStream(new FakeStream([new FakeTrack('video', 'a')], 'sa')));
    await settle();
    base.socket.end(1006);
    const during = base.client.publish(asStream(new FakeStream([new FakeTrack('video', 'b')], 'sb')));
    base.socket.results.offer = () => ({ type: 'answer', sdp: 'v=0\r\n' });
    await comeBack(base);
    expect(await Promise.all([before, during])).toMatchObject([{ streamId: 'sa' }, { streamId: 'sb' }]);
    expect(
      openPeers()[0]
        ?.transceivers.map(({ trackId }) => trackId)
        .sort(),
    ).toEqual(['a', 'b']);
  });

  test('fails with the recovery', async () => {
    const base = await onAir();
    base.socket.end(1006);
    const muting = base.client.setMuted(asTrack(base.camera), true);
    const rejected = expect(muting).rejects.toMatchObject({ code: 'ERR_CLIENT_CLOSED' });
    await base.client.leave();
    await rejected;
  });
});

describe('the attempts', () => {
  test('go on, later and later, while there is a point in it; then it is over', async () => {
    const base = await joined();
    base.socket.end(1006);
    for (let n = 0; n < 19; n += 1) (await nextSocket(base)).end(1006);
    await pause();
    expect([base.client.state, FakeSocket.all.length, vi.getTimerCount()]).toEqual(['closed', 20, 0]);
    expect(base.of('close')).toMatchObject([
      { code: 1006, retryable: true, error: { code: 'ERR_CLIENT_CONNECT' } },
    ]);
    expect(base.heard.at(-1)?.name).toBe('close');
  });

  test('end at once where the relay refuses for good', async () => {
    const base = await joined();
    base.socket.end(1006);
    delete base.socket.results.join;
    const next = await comeBack(base);
    const data = { code: 'ERR_RELAY_UNAUTHENTICATED', retryable: false, closeCode: 4401 };
    next.receive({ id: null, error: { code: -32001, message: 'Who are you?', data } });
    next.end(4401, 'Who are you?');
    await settle();
    expect(base.of('close')).toMatchObject([
      { code: 4401, reason: 'Who are you?', retryable: false, error: { code: 'ERR_RELAY_UNAUTHENTICATED' } },
    ]);
    expect([openPeers(), openSockets(), vi.getTimerCount()]).toEqual([[], [], 0]);
  });

  test('go on while the relay takes our last session for a second one', async () => {
    const base = await joined();
    base.socket.end(1006);
    delete base.socket.results.join;
    const refused = await comeBack(base);
    const data = { code: 'ERR_RELAY_SESSION_EXISTS', retryable: false };
    base.socket.results.join = () => joinResult();
    refused.receive({ id: newest(refused.sent).id, error: { code: -32009, message: 'Exists.', data } });
    await comeBack(base);
    expect(base.client.state).toBe('joined');
  });

  test('are counted in a row: media that breaks at once each time ends it', async () => {
    const base = await joined();
    for (let n = 0; n < 8; n += 1) {
      newest(FakePeer.all).become('failed');
      await pause();
      expect(base.client.state).toBe('joined');
    }
    newest(FakePeer.all).become('failed');
    await settle();
    expect(base.of('close')).toMatchObject([{ error: { code: 'ERR_CLIENT_MEDIA_LOST' } }]);
    expect(openSockets()).toEqual([]);
  });

  test('are counted anew after media that lasted, also where that breaks before the socket does', async () => {
    const base = await joined();
    for (let n = 0; n < 12; n += 1) {
      for (const peer of openPeers()) peer.become('connected');
      await pause();
      newest(FakePeer.all).become('failed');
      await pause();
      expect(base.client.state).toBe('joined');
    }
  });
});

describe('by leave() and close() it is over', () => {
  const moments: Record<string, (base: { socket: FakeSocket }) => Promise<unknown>> = {
    'before an attempt': async () => {},
    'while the socket opens': nextSocket,
    'while the room is joined': async (base) => {
      delete base.socket.results.join;
      await comeBack(base);
    },
    'while what was sent is sent again': async (base) => {
      delete base.socket.results.offer;
      await comeBack(base);
    },
  };
  for (const way of ['leave', 'close'] as const) {
    test.each(Object.entries(moments))(`${way}() %s`, async (_, reach) => {
      const base = await onAir();
      base.socket.end(1006);
      await reach(base);
      expect(base.client.state).toBe('reconnecting');
      // The relay may answer no more.
      void base.client[way]()?.catch(() => {});
      if (base.client.state === 'open') base.client.close();
      await pause();
      expect(base.client.state).toBe('closed');
      expect(base.of('close')).toEqual([{ code: 1000, reason: '', retryable: false }]);
      expect([openPeers(), openSockets(), vi.getTimerCount(), base.of('error')]).toEqual([[], [], 0, []]);
    });
  }

  test('but the socket stays, where it stands', async () => {
    const { client, subscriber, of } = await joined();
    subscriber.become('failed');
    await settle();
    await client.leave();
    await pause();
    expect([client.state, openPeers(), vi.getTimerCount()]).toEqual(['open', [], 0]);
    await client.join({ roomId: 'other' });
    expect([client.state, of('close'), FakeSocket.all.length]).toEqual(['joined', [], 1]);
  });
});

test('after many recoveries nothing is left behind', async () => {
  const base = await onAir();
  let socket = base.socket;
  for (let n = 0; n < 20; n += 1) {
    for (const peer of openPeers()) peer.become('connected');
    await pause();
    if (n % 2 === 0) socket.end(1006);
    else newest(FakePeer.all).become('failed');
    if (n % 2 === 0) socket = await comeBack({ socket });
    else await pause();
    expect(base.client.state).toBe('joined');
  }
  expect([openPeers().length, openSockets().length, vi.getTimerCount()]).toEqual([2, 1, 1]);
  expect(getEventListeners(base.camera, 'ended')).toHaveLength(1);
  base.client.close();
  await settle();
  expect([openPeers(), openSockets(), vi.getTimerCount()]).toEqual([[], [], 0]);
  expect(getEventListeners(base.camera, 'ended')).toEqual([]);
});

test('a track in another’s place is what counts: the old one’s end unpublishes nothing', async () => {
  const { client, publisher, camera, socket } = await onAir();
  const other = new FakeTrack('video', 'other');
  await publisher.transceivers[0]?.sender.replaceTrack(other);
  const offers = socket.params('offer').length;
  camera.end();
  await settle();
  expect(socket.params('offer')).toHaveLength(offers);
  await client.setMuted(asTrack(other), true);
  expect(socket.params('update')).toEqual([{ tracks: [{ trackId: 'cam', muted: true }] }]);
});
