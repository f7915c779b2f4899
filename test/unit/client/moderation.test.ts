import { beforeEach, describe, expect, test } from 'vitest';
import {
  asStream,
  asTrack,
  FakeStream,
  FakeTrack,
  installFakeBrowser,
  newest,
  settled,
} from './fake-browser.js';
import { joined } from './participant.js';

beforeEach(installFakeBrowser);

async function onAir() {
  const base = await joined();
  const camera = new FakeTrack('video', 'cam');
  const microphone = new FakeTrack('audio', 'mic');
  await base.client.publish(asStream(new FakeStream([camera, microphone], 'home')));
  const tell = async (method: string, params: unknown) => {
    base.socket.receive({ method, params });
    await settled();
  };
  const sent = () => {
    const { sdp } = newest(base.socket.params('offer')).desc;
    return [...sdp.matchAll(/^a=msid:\S+ (\S+)/gm)].map(([, trackId]) => trackId);
  };
  return { ...base, camera, tell, sent };
}

describe('moderated, the client', () => {
  test.each<[object, string, string[]]>([
    [{ canPublish: false }, 'subscriber', []],
    [{ canPublishSources: ['microphone'] }, 'publisher', ['mic']],
    [{ canPublishSources: ['screen_share', 'screen_share_audio'] }, 'publisher', ['cam', 'mic']],
    [{ maxTracks: 1 }, 'publisher', ['cam']],
  ])('stops sending what it may not any more: %j', async (grants, role, left) => {
    const { client, tell, sent, of } = await onAir();
    await tell('grants', { grants, role });
    expect(sent()).toEqual(left);
    expect(of('grants')).toEqual([{ grants, role }]);
    expect(client.session).toMatchObject({ grants, role });
    expect(of('error')).toEqual([]);
  });

  test('sends nothing of a track that is cut off, and sends it anew when it may be heard again', async () => {
    const { client, publisher, socket, camera, tell, sent, of } = await onAir();
    await tell('mute', { trackId: 'cam', muted: true });
    expect(publisher.transceivers.map(({ active }) => active)).toEqual([false, true]);
    expect(socket.params('offer')).toHaveLength(1);
    await client.setMuted(asTrack(camera), true);

    await tell('mute', { trackId: 'cam', muted: false });
    expect(sent()).toEqual(['mic', 'made-up-2']);
    expect(publisher.transceivers[2]).toMatchObject({ track: camera, active: true });
    expect(newest(socket.params('update'))).toEqual({ tracks: [{ trackId: 'made-up-2', muted: true }] });
    await tell('mute', { trackId: 'of nobody', muted: true });
    expect(of('mute')).toHaveLength(3);
    expect(of('error')).toEqual([]);
  });

  test('knows whether the room is locked', async () => {
    const { client, tell, of } = await onAir();
    await tell('room', { locked: true });
    expect(client.session?.locked).toBe(true);
    expect(of('room')).toEqual([{ locked: true }]);
  });

  test.each([
    ['grants', { role: 'publisher' }],
    ['mute', { trackId: 'cam' }],
    ['room', null],
  ])('reports a malformed %s', async (method, params) => {
    const { tell, of } = await onAir();
    await tell(method, params);
    expect(of('error')).toMatchObject([{ code: 'ERR_CLIENT_PROTOCOL' }]);
  });

  test('asks the relay to moderate', async () => {
    const { client, socket } = await onAir();
    await client.moderate({ action: 'kick', userId: 'eve', reason: 'Enough.' });
    expect(socket.params('moderate')).toEqual([{ action: 'kick', userId: 'eve', reason: 'Enough.' }]);
  });
});
