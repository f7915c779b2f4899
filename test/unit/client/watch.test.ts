import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { RemoteTrack } from '../../../src/client/index.js';
import { FakeStream, FakeTrack, installFakeBrowser, newest, offerWith, settled } from './fake-browser.js';
import { joined, participant, track } from './participant.js';

beforeEach(installFakeBrowser);
const added = (revision: number, ...tracks: ReturnType<typeof track>[]) => ({
  revision,
  state: 'added',
  sessionId: 'bob',
  userId: 'user of bob',
  tracks,
});
const withBob = { participants: [participant('bob')], revision: 1 };
const withBobsTrack = { participants: [participant('bob', track('t1'))], revision: 1 };
const video = { mid: '1', streamId: 's1', trackId: 't1' };

describe('the SFU’s offers', () => {
  test('are answered strictly one after the other', async () => {
    const { socket, subscriber } = await joined();
    const release = subscriber.hold('setRemoteDescription');
    socket.notify('offer', { type: 'offer', sdp: 'first' });
    socket.notify('offer', { type: 'offer', sdp: 'second' });
    await settled();
    expect(subscriber.steps).toEqual(['setRemoteDescription offer']);
    release();
    await settled();
    const round = ['setRemoteDescription offer', 'createAnswer', 'setLocalDescription answer'];
    expect(subscriber.steps).toEqual([...round, ...round]);
    expect(socket.params('answer').map(({ desc }) => desc.sdp)).toEqual([
      'answer to first',
      'answer to second',
    ]);
  });

  test('may come at once after the join is answered, with their candidates right behind', async () => {
    const { socket, subscriber } = await joined();
    const release = subscriber.hold('setRemoteDescription');
    socket.notify('offer', { type: 'offer', sdp: 'v=0\r\n' });
    socket.notify('trickle', { target: 1, candidate: { candidate: 'candidate:1', sdpMid: '0' } });
    await settled();
    expect(subscriber.candidates).toEqual([]);
    release();
    await settled();
    socket.notify('trickle', { target: 1, candidate: { candidate: 'candidate:2', sdpMid: '0' } });
    expect(subscriber.candidates.map(({ candidate }) => candidate)).toEqual(['candidate:1', 'candidate:2']);
    subscriber.gather('candidate:ours');
    expect(socket.params('trickle')).toEqual([
      { target: 1, candidate: { candidate: 'candidate:ours', sdpMid: '0' }, peer: 1 },
    ]);
  });

  test('that the browser refuses are an error and a state, and the next is answered', async () => {
    const { client, socket, subscriber, of } = await joined({}, { reconnect: false });
    subscriber.failNext('createAnswer');
    socket.notify('offer', { type: 'offer', sdp: 'first' });
    socket.notify('offer', { type: 'offer', sdp: 'second' });
    await settled();
    expect(of('error')).toMatchObject([{ code: 'ERR_CLIENT_NEGOTIATION' }]);
    expect(client.state).toBe('reconnecting-media');
    expect(socket.params('answer')).toHaveLength(1);
  });
});

describe('a track', () => {
  test('comes with its user, by the ids of its section: some browsers make up their own', async () => {
    const { client, socket, subscriber, of } = await joined(withBobsTrack);
    socket.notify('offer', { type: 'offer', sdp: offerWith(video) });
    await settled();
    const media = new FakeTrack('video', 'made up');
    const stream = new FakeStream([media], 's1');
    subscriber.bring(media, stream, '1');
    const expected = {
      track: media,
      stream,
      trackId: 't1',
      streamId: 's1',
      kind: 'video',
      userId: 'user of bob',
      sessionId: 'bob',
    };
    expect(of('track')).toEqual([expected]);
    expect(client.tracks).toEqual([expected]);
  });

  test('that the room announces later waits for that', async () => {
    const { client, socket, subscriber, heard } = await joined(withBob);
    subscriber.bring(new FakeTrack('video', 't1'), new FakeStream([], 's1'), '1');
    expect([heard.filter(({ name }) => name === 'track'), client.tracks]).toEqual([[], []]);
    socket.notify('tracks', added(2, track('t1')));
    expect(heard.slice(-2).map(({ name }) => name)).toEqual(['tracks', 'track']);
    expect(client.tracks).toMatchObject([{ trackId: 't1', userId: 'user of bob', sessionId: 'bob' }]);
  });

  test('that the room never announces comes after a second, of nobody', async () => {
    const { subscriber, of } = await joined();
    vi.useFakeTimers();
    subscriber.bring(new FakeTrack('video', 't1'), new FakeStream([], 's1'), '1');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(of('track')).toMatchObject([{ trackId: 't1', userId: undefined, sessionId: undefined }]);
  });

  test('without a stream gets one', async () => {
    const { client, subscriber } = await joined(withBobsTrack);
    const media = new FakeTrack('video', 't1');
    const transceiver = subscriber.bring(media, undefined as unknown as FakeStream, '1');
    expect(transceiver.mid).toBe('1');
    expect(newest([...client.tracks]).stream.getTracks()).toEqual([media]);
  });
});

describe('the end of a track', () => {
  async function watching() {
    const base = await joined(withBobsTrack);
    base.socket.notify('offer', { type: 'offer', sdp: offerWith(video) });
    await settled();
    const media = new FakeTrack('video', 't1');
    const transceiver = base.subscriber.bring(media, new FakeStream([media], 's1'), '1');
    const ended = () => base.of('trackended').map((remote) => (remote as RemoteTrack).trackId);
    return { ...base, media, transceiver, ended };
  }

  test('is the section that brings it no more', async () => {
    const { client, socket, transceiver, ended } = await watching();
    socket.notify('offer', { type: 'offer', sdp: offerWith(video) });
    await settled();
    expect(ended()).toEqual([]);
    transceiver.currentDirection = 'inactive';
    socket.notify('offer', { type: 'offer', sdp: offerWith() });
    await settled();
    expect([ended(), client.tracks]).toEqual([['t1'], []]);
  });

  test('is its own', async () => {
    const { media, ended } = await watching();
    media.end();
    expect(ended()).toEqual(['t1']);
  });

  test('is told by the room before the SFU says so, and told once', async () => {
    const { socket, transceiver, media, ended } = await watching();
    socket.notify('tracks', { ...added(2, track('t1')), state: 'removed' });
    expect(ended()).toEqual(['t1']);
    transceiver.currentDirection = 'inactive';
    socket.notify('offer', { type: 'offer', sdp: offerWith() });
    await settled();
    media.end();
    expect(ended()).toEqual(['t1']);
  });

  test('is its publisher’s leaving', async () => {
    const { socket, ended } = await watching();
    socket.notify('participants', {
      from: 1,
      revision: 2,
      left: ['bob'],
    });
    expect(ended()).toEqual(['t1']);
  });

  test('is our own leaving', async () => {
    const { client, ended } = await watching();
    await client.leave();
    expect([ended(), client.tracks]).toEqual([['t1'], []]);
  });

  test('is not told of a track that nobody was told of', async () => {
    const { client, subscriber, of } = await joined();
    const media = new FakeTrack('video', 't1');
    subscriber.bring(media, new FakeStream([media], 's1'), '1');
    media.end();
    await client.leave();
    expect([of('track'), of('trackended')]).toEqual([[], []]);
  });
});

test('subscribe() asks for what it is given', async () => {
  const { client, socket } = await joined();
  await client.subscribe([{ trackId: 't1', subscribe: true, layer: 'h' }]);
  expect(socket.params('subscribe')).toEqual([
    { subscriptions: [{ trackId: 't1', subscribe: true, layer: 'h' }] },
  ]);
});

test('the room’s events come when the participants are known already', async () => {
  const { client, socket } = await joined(withBob);
  const known: (number | undefined)[] = [];
  client.on('tracks', () => known.push(client.participants.get('bob')?.tracks.length));
  client.on('participants', () => known.push(client.participants.size));
  socket.notify('tracks', added(2, track('t1'), track('t2')));
  socket.notify('participants', { from: 2, revision: 3, joined: [participant('eve')] });
  expect(known).toEqual([2, 2]);
});
