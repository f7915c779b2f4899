import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import {
  asStream,
  asTrack,
  FakePeer,
  FakeStream,
  FakeTrack,
  installFakeBrowser,
  newest,
  settled,
} from './fake-browser.js';
import { connected, joined } from './participant.js';

beforeEach(installFakeBrowser);

let camera: FakeTrack;
let microphone: FakeTrack;
const stream = (...tracks: FakeTrack[]) => asStream(new FakeStream(tracks, 'home'));

beforeEach(() => {
  camera = new FakeTrack('video', 'cam');
  microphone = new FakeTrack('audio', 'mic');
});

const refusal = { code: -32003, message: 'No.', data: { code: 'ERR_RELAY_FORBIDDEN', retryable: false } };

describe('publish()', () => {
  test('sends each track by a transceiver of its own, and resolves when the SFU has answered', async () => {
    const { client, publisher, socket } = await joined();
    const home = stream(camera, microphone);
    expect(await client.publish(home)).toEqual({ stream: home, streamId: 'home' });
    expect(publisher.transceivers.map(({ track }) => track)).toEqual([camera, microphone]);
    expect(publisher.transceivers[0]?.init).toMatchObject({ direction: 'sendonly', streams: [home] });
    expect(socket.params('offer').map(({ desc }) => desc)).toEqual([publisher.localDescription]);
    expect(publisher.signalingState).toBe('stable');
  });

  test('again sends only what is not sent yet', async () => {
    const { client, publisher, socket } = await joined();
    await client.publish(stream(camera));
    await client.publish(stream(camera));
    await client.publish(stream(camera, microphone));
    expect(publisher.transceivers.map(({ track }) => track?.id)).toEqual(['cam', 'mic']);
    expect(socket.params('offer')).toHaveLength(2);
  });

  test('needs a session, and a live track', async () => {
    const { client } = await connected();
    await expect(client.publish(stream(camera))).rejects.toMatchObject({ code: 'ERR_CLIENT_STATE' });
    await client.join({ roomId: 'lobby' });
    camera.readyState = 'ended';
    await expect(client.publish(stream(camera))).rejects.toMatchObject({ code: 'ERR_CLIENT_STATE' });
  });

  test('asks for VP8 and the H.264 that all browsers have, and for Opus', async () => {
    const { client, publisher } = await joined();
    await client.publish(stream(camera, microphone));
    await client.publish(asStream(new FakeStream([new FakeTrack('video', 'v2')], 's2')), { codec: 'vp8' });
    await client.publish(asStream(new FakeStream([new FakeTrack('video', 'v3')], 's3')), { codec: 'h264' });
    expect(publisher.transceivers.map(({ codecs }) => codecs)).toEqual([
      ['video/VP8', 'video/H264', 'video/rtx'],
      ['audio/opus'],
      ['video/VP8', 'video/rtx'],
      ['video/H264', 'video/rtx'],
    ]);
  });

  test('leaves the codecs alone where the browser lets nobody choose', async () => {
    vi.stubGlobal('RTCRtpReceiver', {});
    const { client, publisher } = await joined();
    await client.publish(stream(camera));
    expect(publisher.transceivers[0]?.codecs).toEqual([]);
  });
});

describe('negotiations', () => {
  test('go one after the other', async () => {
    const { client, publisher, socket } = await joined();
    delete socket.results.offer;
    const first = client.publish(stream(camera));
    const second = client.restartIce();
    await settled();
    expect(socket.params('offer')).toHaveLength(1);
    const answer = { type: 'answer', sdp: 'v=0\r\n' };
    socket.receive({ id: newest(socket.sent).id, result: answer });
    await first;
    await settled();
    expect(socket.params('offer')).toHaveLength(2);
    expect(newest(socket.params('offer')).desc.sdp).toContain('restart');
    socket.receive({ id: newest(socket.sent).id, result: answer });
    await second;
    expect(publisher.signalingState).toBe('stable');
  });

  test('that the relay refuses are rolled back with what they would have added; a later one works', async () => {
    const { client, publisher, socket, of } = await joined();
    delete socket.results.offer;
    const refused = client.publish(stream(camera));
    await settled();
    socket.receive({ id: newest(socket.sent).id, error: refusal });
    await expect(refused).rejects.toMatchObject({ code: 'ERR_RELAY_FORBIDDEN', message: 'No.' });
    expect(publisher.steps.slice(-1)).toEqual(['setLocalDescription rollback']);
    expect(publisher.signalingState).toBe('stable');
    expect(publisher.transceivers[0]).toMatchObject({ direction: 'inactive', track: undefined });
    expect(of('error')).toEqual([]);

    socket.results.offer = () => ({ type: 'answer', sdp: 'v=0\r\n' });
    await client.publish(stream(camera));
    expect(newest(socket.params('offer')).desc.sdp.match(/^a=msid/gm)).toHaveLength(1);
  });

  test.each(['createOffer', 'setLocalDescription', 'setRemoteDescription'] as const)(
    'that fail in %s reject, and hold up nothing after them',
    async (step) => {
      const { client, publisher } = await joined();
      publisher.failNext(step);
      await expect(client.publish(stream(camera))).rejects.toMatchObject({ code: 'ERR_CLIENT_NEGOTIATION' });
      expect(publisher.signalingState).toBe('stable');
      await client.publish(stream(camera));
    },
  );
});

describe('unpublish()', () => {
  test('stops the stream’s sections, by the stream or its id', async () => {
    const { client, publisher, socket } = await joined();
    const home = stream(camera, microphone);
    await client.publish(home);
    await client.unpublish(home);
    expect(publisher.transceivers.map(({ stopped }) => stopped)).toEqual([true, true]);
    expect(newest(socket.params('offer')).desc.sdp).not.toContain('msid');

    const offers = socket.params('offer').length;
    await client.unpublish('home');
    expect(socket.params('offer')).toHaveLength(offers);
  });

  test('lets a track be sent again, under an id that the SFU has not seen', async () => {
    const { client, publisher } = await joined();
    await client.publish(stream(camera));
    await client.unpublish('home');
    await client.publish(stream(camera));
    const [first, second] = publisher.transceivers;
    expect([first?.trackId, second?.trackId]).toEqual(['cam', 'made-up-1']);
    expect(second?.track).toBe(camera);
  });

  test('happens by itself to a track that ends, with all that ended with it', async () => {
    const { client, publisher, socket } = await joined();
    await client.publish(stream(camera, microphone));
    camera.end();
    microphone.end();
    await settled();
    expect(publisher.transceivers.map(({ stopped }) => stopped)).toEqual([true, true]);
    expect(socket.params('offer')).toHaveLength(2);
  });

  test('by itself tells of a refusal as an error: nobody waits for it', async () => {
    const { client, socket, of } = await joined();
    await client.publish(stream(camera));
    delete socket.results.offer;
    camera.end();
    await settled();
    socket.receive({ id: newest(socket.sent).id, error: refusal });
    await settled();
    expect(of('error')).toMatchObject([{ code: 'ERR_RELAY_FORBIDDEN' }]);
  });

  test('is no concern of a track once its session has ended', async () => {
    const { client, socket } = await joined();
    await client.publish(stream(camera));
    await client.leave();
    expect(getEventListeners(camera, 'ended')).toEqual([]);
    const sent = socket.sent.length;
    camera.end();
    await settled();
    expect(socket.sent).toHaveLength(sent);
  });

  test('corrects the SFU that answers a stopped section as if it were live: browsers refuse that', async () => {
    const { client, publisher, socket } = await joined();
    await client.publish(stream(camera));
    const answer = (port: number) => `v=0\r\nm=video ${port} X 96\r\na=mid:1\r\n`;
    socket.results.offer = () => ({ type: 'answer', sdp: answer(9) });
    await client.unpublish('home');
    expect(publisher.remoteDescription?.sdp).toBe(answer(0));
  });
});

describe('what we tell of ourselves', () => {
  test('is whether a track is muted, under the id that the room knows it by', async () => {
    const { client, socket } = await joined();
    await client.publish(stream(camera));
    await client.setMuted(asTrack(camera), true);
    expect(socket.params('update')).toEqual([{ tracks: [{ trackId: 'cam', muted: true }] }]);
    await expect(client.setMuted(asTrack(microphone), true)).rejects.toMatchObject({
      code: 'ERR_CLIENT_STATE',
    });
  });

  test('is what the application makes of it', async () => {
    const { client, socket } = await joined();
    await client.setMetadata({ hand: 'up' });
    expect(socket.params('update')).toEqual([{ metadata: { hand: 'up' } }]);
  });
});

describe('candidates', () => {
  test('of this side wait until the join is on its way, and then go as they come', async () => {
    const { client, socket } = await connected();
    const [publisher] = FakePeer.all;
    expect(publisher).toBeUndefined();
    const joining = client.join({ roomId: 'lobby' });
    const peer = newest(FakePeer.all);
    peer.gather('candidate:early');
    expect(socket.sent).toEqual([]);
    await joining;
    peer.gather('candidate:late');
    peer.gather('');
    expect(socket.sent.map(({ method }) => method)).toEqual(['join', 'trickle', 'trickle']);
    expect(socket.params('trickle')).toEqual([
      { target: 0, candidate: { candidate: 'candidate:early', sdpMid: '0' }, peer: 1 },
      { target: 0, candidate: { candidate: 'candidate:late', sdpMid: '0' }, peer: 1 },
    ]);
  });

  test('of the SFU wait for the answer that they belong to', async () => {
    const { client, publisher, socket } = await joined();
    delete socket.results.offer;
    const restarting = client.restartIce();
    await settled();
    const candidate = { candidate: 'candidate:1', sdpMid: '', sdpMLineIndex: 0, usernameFragment: null };
    socket.notify('trickle', { target: 0, candidate });
    await settled();
    expect(publisher.candidates).toEqual([]);
    socket.receive({ id: newest(socket.sent).id, result: { type: 'answer', sdp: 'v=0\r\n' } });
    await restarting;
    expect(publisher.candidates).toEqual([
      { candidate: 'candidate:1', sdpMid: null, sdpMLineIndex: 0, usernameFragment: null },
    ]);
  });
});
