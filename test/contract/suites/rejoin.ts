import { describe, expect, test, vi } from 'vitest';
import { fakeAnswer, fakeCandidate, fakeOffer, type ScriptedStream } from '../../../src/testing/index.js';
import type { ContractStage } from '../contract-stage.js';
import type { WireClient } from '../wire-client.js';

const CAMERA = { kind: 'video', streamId: 'home', trackId: 'camera-1' } as const;
const AGAIN = { ...CAMERA, trackId: 'camera-2' };
const offer = (...tracks: (typeof CAMERA | typeof AGAIN)[]) => ({ type: 'offer', sdp: fakeOffer(tracks) });
const capabilities = ['rejoin', 'unheard-of'];

export function rejoinSuite(stage: ContractStage): void {
  const { joined, open, start } = stage;

  /** The stream of a peer at the SFU. */
  function streamOf({ uid }: ScriptedStream, peer: number): Promise<ScriptedStream> {
    return stage.sfu.waitFor((sfu) => sfu.stream(`${uid}/${peer}`));
  }

  const answer = (client: WireClient, sdp: unknown, peer?: number) =>
    client.notify('answer', { desc: { type: 'answer', sdp: fakeAnswer(String(sdp)) }, peer });

  const namesOf = (client: WireClient, method: string) =>
    client.received.filter((message) => message.method === method).map(({ params }) => params);

  describe('a client that replaces its peer', () => {
    test('has the capability in the result of its join, and the number of its peer', async () => {
      const client = await open();
      const { result } = await client.request('join', stage.joinParams({ capabilities }));
      expect(result).toMatchObject({ capabilities: ['rejoin'], peer: 1 });
      const other = await open();
      expect((await other.request('join', stage.joinParams({ uid: 'bob' }))).result).toMatchObject({
        capabilities: [],
      });
    });

    test('keeps its session; the new peer joins beside the old one, which stays until it is left', async () => {
      const onJoin = vi.fn();
      const onLeave = vi.fn();
      await start({ hooks: { onJoin, onLeave } });
      const { client, stream, sessionId } = await joined({ offer: offer(CAMERA), capabilities });
      answer(client, (await client.notified('offer')).sdp);
      const { result } = await client.request('rejoin', { peer: 2, offer: offer(AGAIN) });
      expect(result).toMatchObject({ type: 'answer', sessionId, peer: 2, userId: 'alice' });
      const second = await streamOf(stream, 2);
      expect([stream.isOpen, second.joined, second.sid]).toEqual([true, true, stream.sid]);
      await client.request('leave', { peer: 1 });
      expect(await stream.ended).toBe('half-closed');
      expect((await client.request('ping')).result).toEqual({});
      expect(stage.relay.sessions.get(sessionId)?.state).toBe('joined');
      await client.request('leave');
      expect(await second.ended).toBe('half-closed');
      await stage.expectNothingLeft();
      expect([onJoin.mock.calls.length, onLeave.mock.calls.length]).toEqual([1, 1]);
    });

    test('is not seen to leave or join; its tracks go on under new ids, with what was said of them', async () => {
      const watcher = await open();
      await watcher.request('join', stage.joinParams({ uid: 'watcher' }));
      const { client } = await joined({ offer: offer(CAMERA), capabilities });
      await client.request('update', { tracks: [{ trackId: 'camera-1', muted: true }] });
      const before = namesOf(watcher, 'participants').length;
      await client.request('rejoin', {
        peer: 2,
        offer: offer(AGAIN),
        renamed: { 'camera-1': 'camera-2' },
      });
      await client.request('leave', { peer: 1 });
      await watcher.request('ping');
      expect(namesOf(watcher, 'participants')).toHaveLength(before);
      expect(namesOf(watcher, 'tracks').slice(-2)).toMatchObject([
        { state: 'removed', tracks: [{ trackId: 'camera-1', replacedBy: 'camera-2' }] },
        { state: 'added', tracks: [{ trackId: 'camera-2', streamId: 'home', muted: true }] },
      ]);
    });

    test('stays muted by a moderator', async () => {
      const { client, stream } = await joined({ offer: offer(CAMERA), capabilities });
      await stage.relay.rooms.get('lobby')?.mute({ trackId: 'camera-1' });
      const { result } = await client.request('rejoin', {
        peer: 2,
        offer: offer(AGAIN),
        renamed: { 'camera-1': 'camera-2' },
      });
      expect(result).toMatchObject({ muted: ['camera-2'] });
      const [request] = (await streamOf(stream, 2)).requests('join');
      expect(request?.description?.sdp).toMatch(/a=inactive/);
    });

    test('passes its mute to no track of another, whatever it says to be renamed', async () => {
      const { client: bob } = await joined({
        uid: 'bob',
        offer: offer({ ...CAMERA, trackId: 'bob' } as never),
      });
      const { client } = await joined({ offer: offer(CAMERA), capabilities });
      const room = stage.relay.rooms.get('lobby');
      await room?.mute({ trackId: 'camera-1' });
      const { sdp } = offer(AGAIN);
      const { error } = await client.request('rejoin', {
        peer: 2,
        offer: { type: 'offer', sdp: sdp.replace('s=-\r\n', 's=x bob\r\n') },
        renamed: { 'camera-1': 'bob' },
      });
      expect(error).toBeUndefined();
      await bob.request('offer', { desc: offer({ ...CAMERA, trackId: 'bob' } as never) });
      expect(namesOf(bob, 'mute')).toEqual([]);
      const removed = namesOf(bob, 'tracks').flatMap((params) => params?.tracks as { replacedBy?: string }[]);
      expect(removed.filter(({ replacedBy }) => replacedBy !== undefined)).toEqual([]);
    });

    test('leaves room for other mutes, however often it rejoins', async () => {
      const { client } = await joined({ offer: offer(CAMERA), capabilities });
      const room = stage.relay.rooms.get('lobby');
      await room?.mute({ trackId: 'camera-1' });
      for (let peer = 2; peer < 1_050; peer += 1) {
        const track = { ...CAMERA, trackId: `camera-${peer}` } as never;
        const renamed = { [`camera-${peer - 1}`]: `camera-${peer}` };
        const { result } = await client.request('rejoin', { peer, offer: offer(track), renamed });
        expect(result).toMatchObject({ muted: [`camera-${peer}`] });
      }
      await room?.mute({ userId: 'bob' });
    }, 60_000);

    test('has candidates of its new peer counted that are more than the SFU takes', async () => {
      const { client } = await joined({ offer: offer(CAMERA), capabilities });
      const rejoined = client.request('rejoin', { peer: 2, offer: offer(AGAIN) });
      for (let port = 1; port <= 130; port += 1) {
        client.notify('trickle', { target: 0, peer: 2, candidate: JSON.parse(fakeCandidate(port)) });
      }
      expect((await rejoined).error).toBeUndefined();
      await client.request('ping');
      expect(stage.relay.counters.surplusCandidates.value).toBe(2);
    });

    test('publishes nothing new on the peer that was replaced', async () => {
      const { client } = await joined({ offer: offer(CAMERA), capabilities });
      await client.request('rejoin', { peer: 2, offer: offer(AGAIN), renamed: { 'camera-1': 'camera-2' } });
      const hidden = { ...CAMERA, trackId: 'hidden' } as never;
      const { error } = await client.request('offer', { peer: 1, desc: offer(CAMERA, hidden) });
      expect(error?.data?.code).toBe('ERR_RELAY_REJOIN');
      expect(stage.relay.rooms.get('lobby')?.findTrack('hidden')).toBeUndefined();
    });

    test('keeps its seat where the SFU ends the stream of the replaced peer by an error', async () => {
      const { client, stream, sessionId } = await joined({ offer: offer(CAMERA), capabilities });
      await client.request('rejoin', { peer: 2, offer: offer(AGAIN), renamed: { 'camera-1': 'camera-2' } });
      const { onJoin } = stage.sfu.ion;
      let successor: ScriptedStream | undefined;
      stage.sfu.script.onJoin = (...args) => {
        [successor] = args;
        return onJoin?.(...args);
      };
      stream.fail();
      // The peer that the SFU has kept is taken out by a stream that joins in its place, and leaves.
      await stage.sfu.waitFor(() => successor !== undefined);
      expect(successor?.uid).toBe(stream.uid);
      await successor?.ended;
      await client.request('ping');
      const room = stage.relay.rooms.get('lobby');
      expect(room?.participants).toMatchObject([{ sessionId, tracks: [{ trackId: 'camera-2' }] }]);
      await client.request('leave');
      await stage.expectNothingLeft();
    });

    test('negotiates with each peer by its number; without one the current peer is meant', async () => {
      const { client, stream } = await joined({ capabilities });
      const first = await client.notified('offer');
      expect(first).not.toHaveProperty('peer');
      await client.request('rejoin', { peer: 5, offer: offer() });
      const second = await streamOf(stream, 5);
      const theirs = await client.notified('offer', (params) => params.peer === 5);
      answer(client, first.sdp, 1);
      answer(client, theirs.sdp);
      client.notify('trickle', { target: 1, candidate: JSON.parse(fakeCandidate()), peer: 1 });
      await client.request('offer', { desc: offer(AGAIN), peer: 5 });
      await stage.sfu.waitFor(() => second.requests('description').length === 2);
      await stage.sfu.waitFor(() => stream.requests('description').length === 1);
      expect(client.received.filter(({ error }) => error)).toEqual([]);
    });

    test('may trickle for the new peer before that has joined', async () => {
      const { client, stream } = await joined({ capabilities });
      const rejoining = client.request('rejoin', { peer: 2, offer: offer() });
      client.notify('trickle', { target: 0, candidate: JSON.parse(fakeCandidate(7)), peer: 2 });
      await rejoining;
      const second = await streamOf(stream, 2);
      await stage.sfu.waitFor(() => second.requests('trickle').some(({ init }) => init === fakeCandidate(7)));
    });

    test('is told nothing of the new peer before the result', async () => {
      const { client } = await joined({ capabilities });
      await client.request('rejoin', { peer: 2, offer: offer() });
      await client.notified('offer', (params) => params.peer === 2);
      const index = (isIt: (message: (typeof client.received)[number]) => boolean) =>
        client.received.findIndex(isIt);
      expect(index(({ params }) => params?.peer === 2)).toBeGreaterThan(
        index(({ result }) => result?.peer === 2),
      );
    });

    test('may replace it again beside two old ones; the oldest is left when there is a third', async () => {
      const { client, stream } = await joined({ offer: offer(CAMERA), capabilities });
      const rejoin = async (peer: number) => {
        const track = { ...CAMERA, trackId: `camera-${peer}` } as never;
        const renamed = { [`camera-${peer - 1}`]: `camera-${peer}` };
        const { result } = await client.request('rejoin', { peer, offer: offer(track), renamed });
        expect(result).toMatchObject({ peer });
        return streamOf(stream, peer);
      };
      const second = await rejoin(2);
      const third = await rejoin(3);
      await client.request('ping');
      expect([stream.isOpen, second.isOpen, third.isOpen]).toEqual([true, true, true]);
      await rejoin(4);
      expect(await stream.ended).toBe('half-closed');
      expect([second.isOpen, third.isOpen]).toEqual([true, true]);
      await client.request('leave', { peer: 3 });
      expect(await third.ended).toBe('half-closed');
      expect(second.isOpen).toBe(true);
    });

    test('has its track muted on all of its peers, and sent again on all', async () => {
      const { client, stream } = await joined({ offer: offer(CAMERA), capabilities });
      const room = stage.relay.rooms.get('lobby');
      await client.request('rejoin', { peer: 2, offer: offer(AGAIN), renamed: { 'camera-1': 'camera-2' } });
      const last = { ...CAMERA, trackId: 'camera-3' } as never;
      await client.request('rejoin', { peer: 3, offer: offer(last), renamed: { 'camera-2': 'camera-3' } });
      const peers = [stream, await streamOf(stream, 2), await streamOf(stream, 3)];
      const newest = (each: ScriptedStream) => String(each.requests('description').at(-1)?.sdp);
      await room?.mute({ trackId: 'camera-3' });
      await stage.sfu.waitFor(() => peers.every((each) => /a=recvonly/.test(newest(each))));
      await room?.unmute({ trackId: 'camera-3' });
      await stage.sfu.waitFor(() => peers.every((each) => /a=sendonly/.test(newest(each))));
    });

    test('is refused a number that was used, and a second rejoin at the same time', async () => {
      const { client } = await joined({ capabilities });
      const refusal = async (params: object) => (await client.request('rejoin', params)).error?.data?.code;
      expect(await refusal({ peer: 1, offer: offer() })).toBe('ERR_RELAY_INVALID_PARAMS');
      expect(await refusal({ peer: '2', offer: offer() })).toBe('ERR_RELAY_INVALID_PARAMS');
      expect(await refusal({ peer: 2 })).toBe('ERR_RELAY_INVALID_PARAMS');
      const [one, other] = [refusal({ peer: 3, offer: offer() }), refusal({ peer: 4, offer: offer() })];
      expect(await other).toBe('ERR_RELAY_INVALID_STATE');
      expect(await one).toBeUndefined();
      expect((await client.request('ping')).result).toEqual({});
    });

    test('keeps the peer that it has where the new one fails', async () => {
      const { client, stream } = await joined({ offer: offer(CAMERA), capabilities });
      stage.sfu.script.onJoin = (refused) => refused.fail();
      const { error } = await client.request('rejoin', { peer: 2, offer: offer(AGAIN) });
      expect(error?.data).toMatchObject({ retryable: true });
      expect(stream.isOpen).toBe(true);
      expect(stage.relay.rooms.get('lobby')?.participants).toMatchObject([
        { tracks: [{ trackId: 'camera-1' }] },
      ]);
      expect((await client.request('offer', { desc: offer(CAMERA) })).result).toBeDefined();
    });

    test('is interrupted by the end of the new peer, and not by that of the old one', async () => {
      const { client, stream } = await joined({ capabilities });
      await client.request('rejoin', { peer: 2, offer: offer() });
      stream.end();
      await stage.sfu.waitFor((sfu) => sfu.streams.size === 1);
      expect((await client.request('ping')).result).toEqual({});
      expect(namesOf(client, 'interrupted')).toEqual([]);
      (await streamOf(stream, 2)).end();
      expect(await client.notified('interrupted')).toMatchObject({ peer: 2 });
      expect(await client.notified('rejoin')).toMatchObject({ peer: 2 });
    });

    test('that goes in the middle of it leaves nothing behind', async () => {
      const { client } = await joined({ capabilities });
      const rejoining = client.request('rejoin', { peer: 2, offer: offer() });
      rejoining.catch(() => {});
      client.socket.close(1000);
      await stage.expectNothingLeft();
    });
  });

  describe('near a limit', () => {
    /** An answer to an offer of so many sections, of which the SFU has no more than one in use. */
    const longOffer = (sections: number) =>
      fakeOffer(
        Array.from({ length: sections }, (_, index) => ({
          ...CAMERA,
          trackId: `old-${index}`,
          direction: index === 0 ? ('sendonly' as const) : ('inactive' as const),
        })),
      );

    async function answered(sections: number, overrides: object): Promise<WireClient> {
      const { client, stream } = await joined(overrides);
      answer(client, (await client.notified('offer')).sdp);
      await stage.sfu.waitFor(() => !stream.offerPending);
      const sdp = longOffer(sections);
      stream.offerPending = true;
      stream.send({ $case: 'description', value: { target: 1, type: 'offer', sdp, trackInfos: [] } });
      await client.notified('offer', (params) => params.sdp === sdp);
      const inactive = fakeAnswer(sdp);
      client.notify('answer', { desc: { type: 'answer', sdp: inactive } });
      return client;
    }

    test('a client with the capability is told to rejoin', async () => {
      const client = await answered(200, { capabilities });
      expect(await client.notified('rejoin')).toMatchObject({
        peer: 1,
        afterMs: expect.any(Number),
        reason: expect.any(String),
      });
    });

    test('a client without it is told nothing', async () => {
      const client = await answered(200, {});
      await client.request('ping');
      expect(namesOf(client, 'rejoin')).toEqual([]);
    });

    test('also by the length of its answers, where that nears maxMessageBytes', async () => {
      await start({ maxMessageBytes: 16_384 });
      const client = await answered(38, { capabilities });
      expect(await client.notified('rejoin')).toMatchObject({ peer: 1 });
    });

    test('an answer beyond it is dropped where the client can rejoin, and that is wanted at once', async () => {
      await start({ maxMessageBytes: 16_384 });
      const client = await answered(60, { capabilities });
      expect(await client.notified('rejoin')).toMatchObject({ peer: 1, afterMs: 0 });
      expect((await client.request('rejoin', { peer: 2, offer: offer() })).result).toBeDefined();
    });

    test('an answer beyond it closes by a code after which joining again helps', async () => {
      await start({ maxMessageBytes: 16_384 });
      const client = await answered(60, {});
      expect((await client.closed).code).toBe(4412);
      expect(client.received.at(-1)?.error?.data).toMatchObject({
        code: 'ERR_RELAY_REJOIN',
        retryable: true,
        closeCode: 4412,
      });
    });
  });
}
