import { beforeEach, describe, expect, test, vi } from 'vitest';
import { FakePeer, FakeStream, FakeTrack, installFakeBrowser, offerWith } from '../fake-browser.js';
import { joined, joinResult, participant, track } from '../participant.js';

beforeEach(installFakeBrowser);
beforeEach(() => {
  vi.useFakeTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(0);
/** Longer than an old peer stays. */
const pass = () => vi.advanceTimersByTimeAsync(10_000);

/** A client in a room with another one, of whom it receives the track t1 on its first peer. */
async function watching() {
  const base = await joined({ participants: [participant('other', track('t1'))] });
  let known = 't1';
  let revision = 1;
  base.socket.results.rejoin = ({ peer }) =>
    joinResult({ peer, revision, participants: [participant('other', track(known))] });
  /** The browser's streams of each connection. */
  const streams = new Map<FakePeer, FakeStream>();
  let mid = 0;

  /** The SFU offers a track to a peer. */
  async function bring(subscriber: FakePeer, trackId: string, peer?: number, framesDecoded = 1) {
    mid += 1;
    const offer = offerWith({ mid: `${mid}`, streamId: 's1', trackId });
    base.socket.notify('offer', { type: 'offer', sdp: offer, peer });
    await settle();
    const received = new FakeTrack('video', `${trackId} of peer ${peer ?? 1}`);
    const stream = streams.get(subscriber) ?? new FakeStream([], 's1');
    streams.set(subscriber, stream);
    stream.addTrack(received);
    const section = subscriber.bring(received, stream, `${mid}`, framesDecoded);
    await settle();
    return { received, section };
  }

  /** The other one's peer is replaced: its track has another id. */
  function rename(to: string): void {
    const removed = [{ ...track(known), replacedBy: to }];
    for (const [state, tracks] of [['removed', removed] as const, ['added', [track(to)]] as const]) {
      revision += 1;
      const event = { revision, state, tracks, sessionId: 'other', userId: 'user of other' };
      base.socket.notify('tracks', event);
    }
    known = to;
  }

  /** This client replaces its peer. @returns the new subscriber connection */
  async function replacePeer(peer: number): Promise<FakePeer> {
    base.socket.notify('rejoin', { peer, afterMs: 0, reason: 'full' });
    await settle();
    return FakePeer.all.at(-1) as FakePeer;
  }

  const first = await bring(base.subscriber, 't1');
  const [remote] = base.client.tracks;
  const stream = remote?.stream as unknown as FakeStream;
  base.heard.splice(0);
  const noticed = () => [...base.of('track'), ...base.of('trackended'), ...base.of('error')];
  return { ...base, bring, rename, replacePeer, first, remote, stream, noticed };
}

describe('a track whose publisher and viewer replace their peers at once', () => {
  test('stays, whichever connection it comes by last', async () => {
    const { client, subscriber, bring, rename, replacePeer, remote, stream, noticed } = await watching();
    rename('t2');
    const next = await replacePeer(1);
    const { received } = await bring(next, 't2', 2);
    await bring(subscriber, 't2');
    await pass();
    expect(client.tracks).toEqual([remote]);
    expect([remote?.trackId, remote?.track, stream.tracks]).toEqual(['t2', received, [received]]);
    expect(noticed()).toEqual([]);
  });

  test('stays where no media came by the old connection', async () => {
    const { client, subscriber, bring, rename, replacePeer, remote, noticed } = await watching();
    rename('t2');
    const next = await replacePeer(1);
    await bring(next, 't2', 2, 0);
    await bring(subscriber, 't2');
    await pass();
    expect([client.tracks, noticed()]).toEqual([[remote], []]);
    expect(remote?.track).toMatchObject({ id: 't2 of peer 2' });
  });

  test('is one track, though the SFU offers the old one to the new peer, too', async () => {
    const { client, bring, rename, replacePeer, remote, stream, noticed } = await watching();
    rename('t2');
    const next = await replacePeer(1);
    const { received } = await bring(next, 't2', 2);
    const old = await bring(next, 't1', 2);
    await vi.advanceTimersByTimeAsync(2_000);
    expect([stream.tracks, noticed()]).toEqual([[received], []]);
    old.received.end();
    await pass();
    expect([client.tracks, stream.tracks]).toEqual([[remote], [received]]);
    expect(noticed()).toEqual([]);
  });

  test('is one track, also where its media comes before the room names its new id', async () => {
    const { client, subscriber, bring, rename, remote, stream, first, noticed } = await watching();
    const { received } = await bring(subscriber, 't2');
    expect(stream.tracks).toEqual([first.received]);
    rename('t2');
    await pass();
    expect([client.tracks, stream.tracks]).toEqual([[remote], [received]]);
    expect(noticed()).toEqual([]);
  });
});

describe('the track of a new connection', () => {
  test('is used once a frame was decoded; until then the stream has the old one', async () => {
    const { bring, replacePeer, stream, first } = await watching();
    const next = await replacePeer(1);
    const { received, section } = await bring(next, 't1', 2, 0);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(stream.tracks).toEqual([first.received]);
    section.framesDecoded = 1;
    await vi.advanceTimersByTimeAsync(100);
    expect(stream.tracks).toEqual([received]);
  });

  test('is used without a frame before the old connection ends, as it may be paused', async () => {
    const { client, bring, replacePeer, stream, remote, noticed } = await watching();
    const next = await replacePeer(1);
    const { received } = await bring(next, 't1', 2, 0);
    await vi.advanceTimersByTimeAsync(4_900);
    expect(stream.tracks).toEqual([received]);
    await pass();
    expect([client.tracks, noticed()]).toEqual([[remote], []]);
  });

  test('gives way to the old one where it ends first', async () => {
    const { bring, replacePeer, stream, first, noticed } = await watching();
    const next = await replacePeer(1);
    const { received } = await bring(next, 't1', 2);
    expect(stream.tracks).toEqual([received]);
    received.end();
    expect([stream.tracks, noticed()]).toEqual([[first.received], []]);
  });
});
