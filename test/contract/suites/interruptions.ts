import { describe, expect, test, vi } from 'vitest';
import { fakeAnswer, fakeCandidate, fakeOffer } from '../../../src/testing/index.js';
import { until } from '../../support/poll.js';
import type { ContractStage } from '../contract-stage.js';
import type { WireClient } from '../wire-client.js';

const CAMERA = { kind: 'video', streamId: 'home', trackId: 'camera-1' } as const;
const AGAIN = { ...CAMERA, trackId: 'camera-2' };
const offer = (...tracks: (typeof CAMERA | typeof AGAIN)[]) => ({ type: 'offer', sdp: fakeOffer(tracks) });
const capabilities = ['rejoin'];

export function interruptionsSuite(stage: ContractStage): void {
  const { joined, open, start } = stage;

  const heard = (client: WireClient, ...methods: string[]) =>
    client.received.filter(({ method }) => methods.includes(String(method)));

  /** A publisher whose SFU has gone. */
  async function interrupted() {
    const alice = await joined({ offer: offer(CAMERA), capabilities });
    await stage.sfu.stop();
    expect(await alice.client.notified('interrupted')).toEqual({ peer: 1, reason: expect.any(String) });
    return alice;
  }

  describe('a client whose SFU goes', () => {
    test('stays in its room, waits until the SFU is back, and goes on with another peer', async () => {
      const onInterrupted = vi.fn();
      const onResumed = vi.fn();
      const onJoin = vi.fn();
      await start({ hooks: { onInterrupted, onResumed, onJoin } });
      const { client, sessionId } = await interrupted();
      expect(onInterrupted.mock.lastCall?.[0]).toMatchObject({ session: { id: sessionId } });
      expect(heard(client, 'rejoin')).toEqual([]);
      await stage.sfu.start();
      expect(await client.notified('rejoin')).toMatchObject({ peer: 1, afterMs: expect.any(Number) });
      const renamed = { 'camera-1': 'camera-2' };
      const { result } = await client.request('rejoin', { peer: 2, offer: offer(AGAIN), renamed });
      expect(result).toMatchObject({ sessionId, peer: 2, type: 'answer' });
      await stage.sfu.waitFor((sfu) => sfu.stream(`lobby/alice/${sessionId}/2`)?.joined);
      expect(stage.relay.sessions.get(sessionId)?.tracks).toMatchObject([{ trackId: 'camera-2' }]);
      expect([onJoin.mock.calls.length, onResumed.mock.calls.length]).toEqual([1, 1]);
      expect(stage.relay.counters.interruptions.get('resumed')).toBe(1);
      await client.request('leave');
      await stage.expectNothingLeft();
    });

    test('is not seen to leave; viewers learn the new ids of its tracks', async () => {
      const watcher = await open();
      await watcher.request('join', stage.joinParams({ uid: 'watcher', capabilities }));
      await joined({ offer: offer(CAMERA), capabilities }).then(async ({ client }) => {
        await stage.sfu.restart();
        await client.notified('rejoin');
        const renamed = { 'camera-1': 'camera-2' };
        await client.request('rejoin', { peer: 2, offer: offer(AGAIN), renamed });
      });
      await until('the watcher knows the new track', () =>
        heard(watcher, 'tracks').some(({ params }) =>
          JSON.stringify(params).includes('"replacedBy":"camera-2"'),
        ),
      );
      expect(heard(watcher, 'participants').filter(({ params }) => params?.left)).toEqual([]);
    });

    test('is refused what needs the SFU, and may do everything else', async () => {
      const { client } = await interrupted();
      const { error } = await client.request('offer', { desc: offer(CAMERA) });
      expect(error?.data).toMatchObject({ code: 'ERR_RELAY_REJOIN', retryable: true });
      client.notify('trickle', { target: 0, candidate: JSON.parse(fakeCandidate()) });
      client.notify('answer', { desc: { type: 'answer', sdp: fakeAnswer(fakeOffer()) } });
      expect(
        (await client.request('message', { kind: 'chat', data: { text: 'Hello?' } })).error,
      ).toBeUndefined();
      expect((await client.request('update', { metadata: { mood: 'patient' } })).error).toBeUndefined();
      expect((await client.request('participants', {})).error).toBeUndefined();
      expect(heard(client, 'error')).toEqual([]);
      expect((await client.request('leave')).error).toBeUndefined();
      await until('the session has gone', () => stage.relay.sessions.size === 0);
    });

    test('that comes back on another connection is told again', async () => {
      const { client, sessionId, sessionToken } = await interrupted();
      const second = await open();
      await second.request('attach', { sessionId, sessionToken, capabilities });
      expect(await second.notified('interrupted')).toMatchObject({ peer: 1 });
      expect((await client.closed).code).toBe(4409);
      await stage.sfu.start();
      expect(await second.notified('rejoin')).toMatchObject({ peer: 1 });
    });

    test('that cannot rejoin is closed with an error that tells it to join again', async () => {
      const { client } = await joined();
      await stage.sfu.stop();
      expect([4502, 4503]).toContain((await client.closed).code);
      await until('nothing is left', () => stage.relay.sessions.size === 0);
    });

    test('is closed when it has waited too long', async () => {
      await start({ relay: { interruptionTimeoutMs: 200 } });
      const { client } = await interrupted();
      expect([4502, 4503]).toContain((await client.closed).code);
      await until('nothing is left', () => stage.relay.sessions.size === 0);
      expect(stage.relay.counters.interruptions.get('expired')).toBe(1);
    });

    test('is asked again when its rejoin has failed', async () => {
      const { client } = await joined({ capabilities });
      await stage.sfu.restart();
      await client.notified('rejoin');
      stage.sfu.script.onJoin = (stream) => stream.fail(14, 'not yet');
      const { error } = await client.request('rejoin', { peer: 2, offer: offer() });
      expect(error?.data?.retryable).toBe(true);
      stage.sfu.script.onJoin = stage.sfu.ion.onJoin;
      await until('it is asked again', () => heard(client, 'rejoin').length === 2);
      expect((await client.request('rejoin', { peer: 3, offer: offer() })).result).toMatchObject({ peer: 3 });
    });

    test('does not hold up the end of the relay', async () => {
      const { client } = await interrupted();
      await stage.relay.close();
      expect((await client.closed).code).toBe(1001);
      expect(stage.relay.sessions.size).toBe(0);
    });

    test('is closed where the SFU ends peer after peer', async () => {
      const { client } = await joined({ capabilities });
      for (let peer = 2; peer <= 5; peer += 1) {
        for (const stream of stage.sfu.streams) stream.end();
        if (peer === 5) break;
        await until('it is asked', () => heard(client, 'rejoin').length === peer - 1);
        await client.request('rejoin', { peer, offer: offer() });
      }
      expect((await client.closed).code).toBe(4502);
    });
  });
}
