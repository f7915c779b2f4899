import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DevSfu, fakeOffer, startDevSfu } from '../../../src/testing/index.js';
import { openRawPeer, type RawPeer } from './raw-client.js';
import { WeriftPeer } from './werift-peer.js';

const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'UDPWrap').length;

let sfu: DevSfu;
let peers: WeriftPeer[];
let raws: RawPeer[];

beforeEach(async () => {
  sfu = await startDevSfu();
  peers = [];
  raws = [];
});

afterEach(async () => {
  for (const raw of raws) raw.close();
  await Promise.all(peers.map((peer) => peer.close()));
  await sfu.stop();
});

function peer(): WeriftPeer {
  const opened = new WeriftPeer(sfu.address);
  peers.push(opened);
  return opened;
}

function rawPeer(): RawPeer {
  const opened = openRawPeer(sfu.address);
  raws.push(opened);
  return opened;
}

/** Alice, who sends a camera and a microphone to a room. */
async function publisher(room = 'room') {
  const alice = peer();
  const video = alice.addTrack('video', 'camera');
  const audio = alice.addTrack('audio', 'camera');
  await alice.join('alice', room);
  return { alice, video, audio };
}

const arrives = (viewer: WeriftPeer, trackId: string) =>
  expect.poll(() => viewer.find(trackId)?.packets ?? 0, { timeout: 10_000 }).toBeGreaterThan(3);

describe('media', () => {
  it('reaches those who were there before, and those who come later, under its own ids', async () => {
    const early = peer();
    await early.join('bob', 'room');
    const { video, audio } = await publisher();
    const late = peer();
    await late.join('carol', 'room');
    for (const viewer of [early, late]) {
      await arrives(viewer, video);
      await arrives(viewer, audio);
      expect(viewer.find(video)).toMatchObject({ kind: 'video', streamId: 'camera' });
      expect(viewer.find(audio)).toMatchObject({ kind: 'audio', streamId: 'camera' });
    }
  });

  it('goes both ways between two who publish', async () => {
    const { alice, video } = await publisher();
    const bob = peer();
    const screen = bob.addTrack('video', 'screen');
    await bob.join('bob', 'room');
    await arrives(bob, video);
    await arrives(alice, screen);
  });

  it('arrives when it is added later', async () => {
    const { alice, video } = await publisher();
    const bob = peer();
    await bob.join('bob', 'room');
    await arrives(bob, video);
    const screen = alice.addTrack('video', 'screen');
    await alice.renegotiate();
    await arrives(bob, screen);
    expect(bob.find(screen)).toMatchObject({ streamId: 'screen' });
  });

  it('stays in its room', async () => {
    const { video } = await publisher();
    const stranger = peer();
    await stranger.join('mallory', 'another room');
    const bob = peer();
    await bob.join('bob', 'room');
    await arrives(bob, video);
    expect(stranger.trackEvents).toEqual([]);
    expect(stranger.received).toEqual([]);
    expect(sfu.rooms).toBe(2);
  });

  it('with NoAutoSubscribe comes when it is asked for, and goes', async () => {
    const { video } = await publisher();
    const bob = peer();
    await bob.join('bob', 'room', { NoAutoSubscribe: 'true' });
    const subscribe = (wanted: boolean) => {
      const subscription = { trackId: video, subscribe: wanted, mute: false, layer: '' };
      bob.raw.send({ $case: 'subscription', value: { subscriptions: [subscription] } });
    };
    await expect.poll(() => bob.trackEvents.length).toBe(1);
    expect(bob.received).toEqual([]);
    subscribe(true);
    await arrives(bob, video);
    expect(bob.received).toHaveLength(1);
    subscribe(false);
    await expect.poll(() => bob.offers.at(-1)).toContain('a=inactive');
  });

  it('stops at a viewer who does not want it, and returns', async () => {
    const { video, audio } = await publisher();
    const bob = peer();
    await bob.join('bob', 'room');
    await arrives(bob, video);
    const channel = await bob.channel;
    channel.send(JSON.stringify({ streamId: 'camera', video: 'none', audio: true }));
    const paused = async () => {
      const [before, heard] = [bob.find(video)?.packets, bob.find(audio)?.packets ?? 0];
      await expect.poll(() => bob.find(audio)?.packets ?? 0).toBeGreaterThan(heard + 10);
      return bob.find(video)?.packets === before;
    };
    await expect.poll(paused, { timeout: 10_000 }).toBe(true);
    channel.send(JSON.stringify({ streamId: 'camera', video: 'high', audio: true }));
    await expect.poll(paused, { timeout: 10_000 }).toBe(false);
  });
});

describe('track events', () => {
  it('tell of the first tracks to those who are there and to those who come, and of their end', async () => {
    const early = peer();
    await early.join('bob', 'room');
    const { alice, video, audio } = await publisher();
    const late = peer();
    await late.join('carol', 'room');
    const tracks = [{ id: video, streamId: 'camera' }, { id: audio }];
    for (const viewer of [early, late]) {
      await expect.poll(() => viewer.trackEvents).toMatchObject([{ state: 0, uid: 'alice', tracks }]);
    }
    alice.leave();
    for (const viewer of [early, late]) {
      await expect.poll(() => viewer.trackEvents.at(-1)).toMatchObject({ state: 2, uid: 'alice', tracks });
    }
    expect(alice.trackEvents).toEqual([]);
  });
});

describe('negotiation', () => {
  it('has one offer on its way at a time', async () => {
    const bob = rawPeer();
    bob.join('bob');
    await bob.reply('description');
    const { video } = await publisher();
    const carol = peer();
    await carol.join('carol', 'room');
    await arrives(carol, video);
    expect(bob.replies.filter((reply) => reply.$case === 'description')).toHaveLength(1);
  });

  it('declines simulcast and keeps the section', async () => {
    const bob = rawPeer();
    const track = { kind: 'video', streamId: 's', trackId: 't', layers: ['f', 'h', 'q'] } as const;
    bob.join('bob', 'room', fakeOffer([track]));
    const { description } = await bob.reply('join');
    expect(description?.sdp).toMatch(/m=video 9 [^\r]* 96\r\n/);
    expect(description?.sdp).not.toMatch(/a=(simulcast|rid)/);
  });
});

describe('a peer that errs', () => {
  it.each([
    ['an offer that is none', 'nonsense'],
    ['an offer without ICE credentials', 'v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n'],
    [
      'an offer of unknown codecs',
      fakeOffer([{ kind: 'video', streamId: 's', trackId: 't' }]).replaceAll('VP8', 'H265'),
    ],
  ])('loses its stream for %s, and nobody else does', async (_, sdp) => {
    const { video } = await publisher();
    const mallory = rawPeer();
    mallory.join('mallory', 'room', sdp);
    expect((await mallory.status()).code).toBe(status.INTERNAL);
    const bob = peer();
    await bob.join('bob', 'room');
    await arrives(bob, video);
    await expect.poll(() => sfu.peers).toBe(2);
  });

  it('gets what Ion says to a trickle before the join, and to one that is no JSON', async () => {
    const mallory = rawPeer();
    mallory.trickle(0, '{}');
    expect((await mallory.reply('error')).reason).toContain('no rtc transport exists for this Peer');
    mallory.join('mallory');
    mallory.trickle(0, 'nonsense');
    mallory.trickle(1, '{"candidate":"nonsense"}');
    mallory.send({ $case: 'subscription', value: { subscriptions: [] } });
    expect((await mallory.reply('subscription')).success).toBe(true);
  });

  it('loses its stream for an answer to no offer', async () => {
    const mallory = rawPeer();
    mallory.join('mallory');
    await mallory.reply('description');
    mallory.describe(1, 'answer', 'nonsense');
    mallory.describe(1, 'answer');
    expect((await mallory.status()).code).toBe(status.UNKNOWN);
  });
});

describe('leaving', () => {
  it('frees the peer, its room and its sockets', async () => {
    const before = sockets();
    const { alice, video } = await publisher();
    const bob = peer();
    await bob.join('bob', 'room');
    await arrives(bob, video);
    expect([sfu.peers, sfu.rooms]).toEqual([2, 1]);
    alice.leave();
    bob.raw.call.cancel();
    await expect.poll(() => [sfu.peers, sfu.rooms]).toEqual([0, 0]);
    await Promise.all(peers.map((peer) => peer.close()));
    await expect.poll(sockets).toBe(before);
  });

  it('is what stop() does to everybody', async () => {
    const before = sockets();
    const { alice } = await publisher();
    await sfu.stop();
    await alice.raw.status();
    expect(sfu.peers).toBe(0);
    await alice.close();
    await expect.poll(sockets).toBe(before);
  });
});
