import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  asStream,
  type FakePeer,
  FakeStream,
  FakeTrack,
  installFakeBrowser,
  newest,
  settled,
} from './fake-browser.js';
import { joined } from './participant.js';

beforeEach(installFakeBrowser);
afterEach(() => {
  vi.useRealTimers();
});

const camera = (width?: number, height?: number) =>
  new FakeTrack('video', 'cam', { ...(width && { width }), ...(height && { height }) });
const stream = (...tracks: FakeTrack[]) => asStream(new FakeStream(tracks, 'home'));
const encodingsOf = ({ transceivers }: FakePeer) => newest(transceivers).init.sendEncodings;

const q = { rid: 'q', scaleResolutionDownBy: 4 };
const h = { rid: 'h', scaleResolutionDownBy: 2 };
const f = { rid: 'f', scaleResolutionDownBy: 1 };

describe('publish() with simulcast', () => {
  test.each([
    [1920, 1080, [q, h, f]],
    [1280, 720, [q, h, f]],
    [720, 1280, [q, h, f]],
    [960, 540, [q, h, f]],
    [640, 480, [h, f]],
    [640, 360, [h, f]],
    [480, 270, [h, f]],
    [320, 240, []],
    [160, 120, []],
    [0, 0, []],
    [undefined, undefined, []],
  ])(
    'sends a video of %s×%s in the layers that browsers send of it, the full size always',
    async (...given) => {
      const [width, height, layers] = given;
      const { client, publisher } = await joined();
      await client.publish(stream(camera(width, height)), { simulcast: true });
      expect(encodingsOf(publisher)).toEqual(layers);
    },
  );

  test('shares the bitrate out', async () => {
    const { client, publisher } = await joined();
    const options = { simulcast: true, maxBitrate: 2_400_000 };
    await client.publish(stream(camera(1280, 720), new FakeTrack('audio', 'mic')), options);
    const [video, audio] = publisher.transceivers;
    expect(video?.init.sendEncodings).toEqual([
      { ...q, maxBitrate: 300_000 },
      { ...h, maxBitrate: 800_000 },
      { ...f, maxBitrate: 2_400_000 },
    ]);
    expect(audio?.init.sendEncodings).toEqual([]);
    await client.publish(asStream(new FakeStream([new FakeTrack('video', 'small')], 's2')), options);
    expect(encodingsOf(publisher)).toEqual([{ maxBitrate: 2_400_000 }]);
  });

  test('is not what a video gets without the option, however large', async () => {
    const { client, publisher } = await joined();
    await client.publish(stream(camera(1280, 720)), { maxBitrate: 500_000 });
    expect(encodingsOf(publisher)).toEqual([{ maxBitrate: 500_000 }]);
    await client.publish(asStream(new FakeStream([new FakeTrack('video', 'v2')], 's2')));
    expect(encodingsOf(publisher)).toEqual([]);
  });
});

describe('a video whose size changes', () => {
  async function published(width: number, height: number, options = { simulcast: true }) {
    const base = await joined();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] });
    const track = camera(width, height);
    await base.client.publish(stream(track), options);
    const look = async () => {
      await vi.advanceTimersByTimeAsync(2_000);
      await settled();
    };
    return { ...base, track, look, offers: () => base.socket.params('offer').length };
  }

  test('is sent anew in its layers when it has grown, in a section and under an id of its own', async () => {
    const { publisher, track, look, socket } = await published(320, 240);
    track.size = { width: 1280, height: 720 };
    await look();
    await look();
    const [before, after, ...more] = publisher.transceivers;
    expect([before?.stopped, after?.stopped, more]).toEqual([true, false, []]);
    expect(after?.track).toBe(track);
    expect(after?.init).toMatchObject({ sendEncodings: [q, h, f], streams: [{ id: 'home' }] });
    expect(newest(socket.params('offer')).desc.sdp).toContain('a=msid:home made-up-1');
  });

  test('is sent anew when it has shrunk: its full size would not be sent any more', async () => {
    const { publisher, track, look } = await published(1280, 720);
    track.size = { width: 640, height: 360 };
    await look();
    await look();
    expect(encodingsOf(publisher)).toEqual([h, f]);
  });

  test('is sent anew when another track has taken its place', async () => {
    const { publisher, look } = await published(640, 480);
    const screen = new FakeTrack('video', 'screen', { width: 1920, height: 1080 });
    await newest(publisher.transceivers).sender.replaceTrack(screen);
    await look();
    await look();
    expect(newest(publisher.transceivers).track).toBe(screen);
    expect(encodingsOf(publisher)).toEqual([q, h, f]);
  });

  test('stays as it is where that changes no layer, when it is turned, and while it goes on changing', async () => {
    const { track, look, offers } = await published(1280, 720);
    for (const size of [
      { width: 1920, height: 1080 },
      { width: 1080, height: 1920 },
      { width: 640, height: 480 },
      { width: 320, height: 240 },
      { width: 640, height: 480 },
      { width: 1280, height: 720 },
    ]) {
      track.size = size;
      await look();
    }
    expect(offers()).toBe(1);
  });

  test('stays as it is without simulcast', async () => {
    const { track, look, offers } = await published(1280, 720, { simulcast: false });
    track.size = { width: 320, height: 240 };
    await look();
    await look();
    expect(offers()).toBe(1);
  });

  test('is not sent again while a moderator has cut it off, or the application holds it back', async () => {
    const { publisher, track, look, offers } = await published(1280, 720);
    newest(publisher.transceivers).active = false;
    track.size = { width: 320, height: 240 };
    await look();
    await look();
    expect(offers()).toBe(1);
  });

  test('stays muted for the others', async () => {
    const { client, socket, track, look } = await published(1280, 720);
    socket.results.update = () => ({});
    await client.setMuted(track as unknown as MediaStreamTrack, true);
    track.size = { width: 640, height: 480 };
    await look();
    await look();
    expect(newest(socket.params('update'))).toEqual({ tracks: [{ trackId: 'made-up-1', muted: true }] });
  });

  test('is told of as an error where the relay refuses it: nobody waits for it', async () => {
    const { socket, track, look, of } = await published(1280, 720);
    delete socket.results.offer;
    track.size = { width: 640, height: 480 };
    await look();
    await look();
    const data = { code: 'ERR_RELAY_FORBIDDEN', retryable: false };
    socket.receive({ id: newest(socket.sent).id, error: { code: -32003, message: 'No.', data } });
    await settled();
    expect(of('error')).toMatchObject([{ code: 'ERR_RELAY_FORBIDDEN' }]);
  });

  test('is looked at no more once the session has ended', async () => {
    const { client } = await published(1280, 720);
    await client.leave();
    expect(vi.getTimerCount()).toBe(0);
  });
});
