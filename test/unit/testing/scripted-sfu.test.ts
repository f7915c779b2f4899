import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Request } from '../../../src/sfu/ion/gen/rtc.js';
import { fakeCandidate, fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../../src/testing/index.js';
import { openRawPeer, type RawPeer } from './raw-client.js';

let sfu: ScriptedSfu;
let peers: RawPeer[];

beforeEach(async () => {
  sfu = await startScriptedSfu();
  peers = [];
});

afterEach(async () => {
  for (const peer of peers) peer.close();
  await sfu.stop();
});

function connect(address = sfu.address): RawPeer {
  const peer = openRawPeer(address);
  peers.push(peer);
  return peer;
}

const video = { kind: 'video', streamId: 's1', trackId: 'v1' } as const;

describe('as Ion does, the scripted SFU', () => {
  it('answers a join, then trickles for the subscriber before it offers', async () => {
    const peer = connect();
    peer.join('alice');
    const replies = await peer.receive(4);
    expect(replies.map((reply) => reply.$case)).toEqual(['join', 'trickle', 'trickle', 'description']);
    expect(replies[1]?.value).toMatchObject({ target: 0 });
    expect(replies[2]?.value).toMatchObject({ target: 1 });
    expect(replies[3]?.value).toMatchObject({ target: 1, type: 'offer' });
  });

  it('answers an offer section by section', async () => {
    const peer = connect();
    peer.join('alice', 'room', fakeOffer([{ ...video, layers: ['f', 'h'] }]));
    const { success, description } = await peer.reply('join');
    expect(success).toBe(true);
    expect(description?.sdp).toMatch(/^v=0\r\n/);
    expect(description?.sdp.match(/^m=\w+/gm)).toEqual(['m=video', 'm=application']);
    expect(description?.sdp.match(/^a=mid:.+$/gm)).toEqual(['a=mid:0', 'a=mid:1']);
    expect(description?.sdp).toMatch(/a=recvonly\r\n.*a=ice-ufrag:.*a=fingerprint:.*a=simulcast:recv f;h/s);
  });

  it('answers a further offer of the publisher', async () => {
    const peer = connect();
    peer.join('alice');
    await peer.receive(4);
    peer.describe(0, 'offer', fakeOffer([video]));
    expect((await peer.receive(5))[4]?.value).toMatchObject({ target: 0, type: 'answer' });
  });

  it('ends a stream whose answer belongs to no offer', async () => {
    const peer = connect();
    peer.join('alice');
    await peer.receive(4);
    peer.describe(1, 'answer');
    peer.describe(1, 'answer');
    expect((await peer.status()).code).toBe(status.UNKNOWN);
  });

  it('refuses a trickle before the join with an error, which is how it is probed', async () => {
    const peer = connect();
    peer.trickle(0, '{}');
    expect((await peer.reply('error')).reason).toContain('no rtc transport exists for this Peer');
    expect(sfu.streams.size).toBe(1);
  });

  it('says yes to every subscription', async () => {
    const peer = connect();
    peer.join('alice');
    peer.send({ $case: 'subscription', value: { subscriptions: [] } });
    expect((await peer.reply('subscription')).success).toBe(true);
  });

  it('ends a half-closed stream with OK', async () => {
    const peer = connect();
    peer.join('alice');
    const stream = await sfu.waitFor(() => sfu.stream('alice'));
    peer.call.end();
    expect(await stream.ended).toBe('half-closed');
    expect((await peer.status()).code).toBe(status.OK);
    await sfu.waitFor(() => sfu.streams.size === 0);
  });

  it.each<[string, NonNullable<Request['payload']>]>([
    ['a join without description', { $case: 'join', value: { sid: 'r', uid: 'u', config: {} } }],
    ['a subscription before the join', { $case: 'subscription', value: { subscriptions: [] } }],
  ])('dies of %s, with everyone on it', async (_, payload) => {
    const bystander = connect();
    bystander.join('bob');
    await bystander.receive(4);
    connect().send(payload);
    expect((await bystander.status()).code).not.toBe(status.OK);
    expect(sfu.crashed).toMatch(/join/);
  });
});

describe('what a test does with it', () => {
  it('reads what each stream received, and on which uid and sid', async () => {
    const peer = connect();
    peer.join('alice', 'lobby');
    peer.trickle(1, fakeCandidate());
    const stream = await sfu.waitFor(() => sfu.stream('alice'));
    await sfu.waitFor(() => stream.requests('trickle').length === 1);
    expect(stream).toMatchObject({ uid: 'alice', sid: 'lobby', joined: true });
    expect(stream.requests('join')[0]).toMatchObject({ uid: 'alice' });
    expect(sfu.received.map(({ request }) => request.payload?.$case)).toEqual(['join', 'trickle']);
    expect(sfu.totalStreams).toBe(1);
  });

  it('forgets what is older than keepLast', async () => {
    const forgetful = await startScriptedSfu({ keepLast: 2, echoTrickles: true });
    const peer = connect(forgetful.address);
    peer.join('alice');
    for (let port = 1; port <= 5; port++) {
      peer.trickle(0, fakeCandidate(port));
    }
    await peer.receive(9);
    expect(forgetful.received).toHaveLength(2);
    expect(forgetful.stream('alice')?.received).toHaveLength(2);
    await forgetful.stop();
  });

  it('echoes trickles when asked to', async () => {
    const echo = await startScriptedSfu({ echoTrickles: true });
    const peer = connect(echo.address);
    peer.join('alice');
    peer.trickle(1, fakeCandidate(77));
    expect((await peer.receive(5))[4]?.value).toEqual({ target: 1, init: fakeCandidate(77) });
    await echo.stop();
  });

  it('replaces a handler while it runs, and falls back to Ion within it', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    sfu.script.onJoin = async (stream, join) => {
      await gate;
      return sfu.ion.onJoin(stream, join);
    };
    const peer = connect();
    peer.join('alice');
    await sfu.waitFor(() => sfu.received.length === 1);
    expect(peer.replies).toEqual([]);
    release();
    expect((await peer.reply('join')).success).toBe(true);
  });

  it('fails a stream with a status', async () => {
    sfu.script.onJoin = (stream) => stream.fail(status.RESOURCE_EXHAUSTED, 'full');
    const peer = connect();
    peer.join('alice');
    expect(await peer.status()).toEqual({ code: status.RESOURCE_EXHAUSTED, details: 'full' });
    await sfu.waitFor(() => sfu.streams.size === 0);
  });

  it('fails the stream whose handler throws, and no other', async () => {
    const bystander = connect();
    bystander.join('bob');
    await bystander.receive(4);
    sfu.script.onTrickle = () => {
      throw new Error('boom');
    };
    const peer = connect();
    peer.trickle(0, '{}');
    expect(await peer.status()).toEqual({ code: status.INTERNAL, details: 'script: Error: boom' });
    expect([...sfu.streams].map((stream) => stream.uid)).toEqual(['bob']);
  });

  it('sends bytes that are no message', async () => {
    sfu.script.onJoin = (stream) => stream.sendBytes(Uint8Array.of(0xff, 0xff, 0xff));
    const peer = connect();
    peer.join('alice');
    expect((await peer.status()).code).toBe(status.INTERNAL);
  });

  it('sees a client that cancels', async () => {
    const peer = connect();
    peer.join('alice');
    const stream = await sfu.waitFor(() => sfu.stream('alice'));
    peer.call.cancel();
    expect(await stream.ended).toBe('cancelled');
    await sfu.waitFor(() => sfu.streams.size === 0);
    stream.end();
    stream.send({ $case: 'subscription', value: { success: true } });
  });

  it('stops reading, and reads on', async () => {
    const peer = connect();
    peer.join('alice');
    const stream = await sfu.waitFor(() => sfu.stream('alice'));
    stream.pause();
    expect(stream.isReading).toBe(false);
    peer.send({ $case: 'subscription', value: { subscriptions: [] } });
    stream.resume();
    await peer.reply('subscription');
    expect(stream.isReading).toBe(true);
  });

  it('announces tracks to every room of the server when asked to', async () => {
    const node = await startScriptedSfu({ broadcastTrackEvents: true });
    const stranger = connect(node.address);
    stranger.join('bob', 'another room');
    await stranger.receive(4);
    const peer = connect(node.address);
    peer.join('alice', 'room', fakeOffer([video]));
    expect(await stranger.reply('trackEvent')).toMatchObject({
      state: 0,
      uid: 'alice',
      tracks: [{ id: 'v1', streamId: 's1', kind: 'video', layer: '' }],
    });
    peer.call.end();
    expect((await stranger.receive(6))[5]?.value).toMatchObject({ state: 2, uid: 'alice' });
    await node.stop();
  });

  it('goes away and comes back on the same port', async () => {
    const before = connect();
    before.join('alice');
    await before.receive(4);
    const { port } = sfu;
    await sfu.restart();
    expect((await before.status()).code).not.toBe(status.OK);
    expect(sfu.port).toBe(port);
    const after = connect();
    after.join('alice');
    expect((await after.reply('join')).success).toBe(true);
  });

  it('refuses to start on a port that is taken', async () => {
    await expect(startScriptedSfu({ port: sfu.port })).rejects.toThrow(/EADDRINUSE|address/i);
  });

  it('says what it saw when a condition never comes true', async () => {
    const peer = connect();
    peer.join('alice');
    await peer.receive(4);
    await expect(sfu.waitFor(() => false, { timeoutMs: 1 })).rejects.toThrow('Received: 1:join');
  });
});
