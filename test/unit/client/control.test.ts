import { beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeStream, FakeTrack, installFakeBrowser, on } from './fake-browser.js';
import { joined } from './participant.js';

beforeEach(installFakeBrowser);
async function controlled() {
  const base = await joined();
  vi.useFakeTimers();
  const channel = base.subscriber.bringChannel('ion-sfu');
  return { ...base, channel };
}

describe('what we want of a stream', () => {
  test('is said in full, and kept: what is left out stays as it was', async () => {
    const { client, channel } = await controlled();
    channel.open();
    client.setLayer('s1', 'low');
    client.setReceiving('s1', { audio: false });
    client.setReceiving('s1', { video: false });
    client.setLayer('s1', 'medium');
    client.setReceiving('s1', { video: true });
    client.setReceiving('s2', { video: false });
    expect(channel.sent).toEqual([
      { streamId: 's1', video: 'low', audio: true },
      { streamId: 's1', video: 'low', audio: false },
      { streamId: 's1', video: 'none', audio: false },
      { streamId: 's1', video: 'none', audio: false },
      { streamId: 's1', video: 'medium', audio: false },
      { streamId: 's2', video: 'none', audio: true },
    ]);
  });

  test.each([
    [
      ['q', 'h', 'f'],
      ['low', 'medium', 'high'],
    ],
    [
      ['f', 'h'],
      ['medium', 'medium', 'high'],
    ],
    [
      ['q', 'f'],
      ['low', 'low', 'high'],
    ],
    [
      ['q', 'h'],
      ['low', 'medium', 'medium'],
    ],
    [['f'], ['high', 'high', 'high']],
    [[], ['low', 'medium', 'high']],
    [
      ['1', '2'],
      ['low', 'medium', 'high'],
    ],
  ])(
    'is said of the layers that are sent, %s: the nearest, smaller rather than larger',
    async (layers, said) => {
      const { client, channel, socket } = await controlled();
      const tracks = [
        { trackId: 'a1', streamId: 's1', kind: 'audio', muted: false, layers: [] },
        { trackId: 'v1', streamId: 's1', kind: 'video', muted: false, layers },
        { trackId: 'v2', streamId: 's2', kind: 'video', muted: false, layers: ['q'] },
      ];
      const participant = { sessionId: 'other', userId: 'bob', role: 'publisher', metadata: {}, tracks };
      socket.notify('participants', { from: 1, revision: 1_000, joined: [participant] });
      channel.open();
      for (const layer of ['low', 'medium', 'high'] as const) client.setLayer('s1', layer);
      expect(channel.sent.map((each) => (each as { video: string }).video)).toEqual(said);
    },
  );

  test('waits for the channel, and only the last of it is said', async () => {
    const { client, channel } = await controlled();
    client.setLayer('s1', 'low');
    client.setLayer('s1', 'high');
    client.setReceiving('s2', { audio: false });
    expect(channel.sent).toEqual([]);
    channel.open();
    expect(channel.sent).toEqual([
      { streamId: 's1', video: 'high', audio: true },
      { streamId: 's2', video: 'high', audio: false },
    ]);
  });

  test('is said again and again: the SFU forgets a switch that comes during another, or before its layer', async () => {
    const { client, channel } = await controlled();
    channel.open();
    client.setLayer('s1', 'low');
    client.setLayer('s1', 'medium');
    await vi.advanceTimersByTimeAsync(4_000);
    const again = { streamId: 's1', video: 'medium', audio: true };
    expect(channel.sent.slice(2)).toEqual([again, again]);
    await client.leave();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is said when the stream’s media comes: before, the SFU knows of no such stream', async () => {
    const { client, channel, subscriber } = await controlled();
    channel.open();
    client.setLayer('s1', 'low');
    await vi.advanceTimersByTimeAsync(10_000);
    const media = new FakeTrack('video', 't1');
    subscriber.bring(media, new FakeStream([media], 's1'), '1');
    channel.sent.length = 0;
    on(media, 'unmute', {});
    expect(channel.sent).toEqual([{ streamId: 's1', video: 'low', audio: true }]);
  });

  test('is no concern of a session that has ended', async () => {
    const { client, channel } = await controlled();
    channel.open();
    client.setLayer('s1', 'low');
    await client.leave();
    expect(() => client.setLayer('s1', 'high')).toThrow('Not while');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(channel.sent).toHaveLength(1);
  });
});

describe('who is heard', () => {
  test('comes in two forms, of the newer SFU and the older', async () => {
    const { channel, of } = await controlled();
    on(channel, 'message', { data: JSON.stringify({ method: 'audioLevels', params: ['s1', 's2'] }) });
    on(channel, 'message', { data: JSON.stringify(['s3']) });
    on(channel, 'message', { data: JSON.stringify({ method: 'audioLevels', params: [] }) });
    expect(of('speakers')).toEqual([['s1', 's2'], ['s3'], []]);
  });

  test('is an error where it makes no sense; other methods are none of our business', async () => {
    const { channel, of } = await controlled();
    on(channel, 'message', { data: '{' });
    on(channel, 'message', { data: '[7]' });
    expect(of('error')).toHaveLength(2);
    on(channel, 'message', { data: JSON.stringify({ method: 'activeLayer', params: {} }) });
    expect([of('error').length, of('speakers')]).toEqual([2, []]);
  });

  test('comes over no other channel', async () => {
    const { subscriber, of } = await controlled();
    on(subscriber.bringChannel('chat'), 'message', { data: '["s1"]' });
    expect(of('speakers')).toEqual([]);
  });
});
