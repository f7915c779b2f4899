import { describe, expect, test } from 'vitest';
import { fakeAnswer, fakeOffer, type ScriptedStream, subscriberOffer } from '../../../src/testing/index.js';
import { until } from '../../support/poll.js';
import type { ResumableClient } from '../../support/resumable-client.js';
import { type Guest, type ResumptionStage, SOON, say } from './stage.js';

const sfuOffer = (trackId: string) =>
  subscriberOffer(fakeOffer([{ kind: 'video', streamId: 'elsewhere', trackId }]));
const CAMERA = { kind: 'video', streamId: 'home', trackId: 'camera-1' } as const;

export function negotiationSuite(stage: ResumptionStage): void {
  const { enter, lose, ended } = stage;

  const answersOf = (stream: ScriptedStream) =>
    stream.requests('description').filter(({ type }) => type === 'answer');
  const offersOf = (client: ResumableClient, trackId: string) =>
    client.heard('offer').filter(({ sdp }) => String(sdp).includes(trackId));

  /** Has answered the SFU's first offer. */
  async function negotiated(overrides: object = {}, answersOffers = true): Promise<Guest> {
    const alice = await enter('alice', overrides, { answersOffers });
    const { sdp } = await alice.client.notified('offer');
    if (!answersOffers)
      alice.client.notify('answer', { desc: { type: 'answer', sdp: fakeAnswer(String(sdp)) } });
    await stage.sfu.waitFor(() => answersOf(alice.stream).length === 1);
    return alice;
  }

  describe('an offer of the SFU', () => {
    test('that is made just before the loss comes once, and is answered once', async () => {
      const alice = await negotiated();
      alice.client.connection.socket.pause();
      alice.stream.send(sfuOffer('sfu-1'));
      await until('it is on its way', () => stage.relay.counters.sent.get('offer') === 2, SOON);
      await lose(alice);
      await alice.client.comeBack();
      await stage.sfu.waitFor(() => answersOf(alice.stream).length === 2);
      expect(offersOf(alice.client, 'sfu-1')).toHaveLength(1);
      await say(alice.client, 'here');
      expect(answersOf(alice.stream)).toHaveLength(2);
      expect(alice.client.log.filter(({ error }) => error)).toEqual([]);
    });

    test('whose answer the relay has, but has not acknowledged, is not answered again', async () => {
      const alice = await negotiated();
      alice.stream.send(sfuOffer('sfu-1'));
      await stage.sfu.waitFor(() => answersOf(alice.stream).length === 2);
      await lose(alice);
      await alice.client.comeBack();
      await say(alice.client, 'here');
      expect([answersOf(alice.stream).length, offersOf(alice.client, 'sfu-1').length]).toEqual([2, 1]);
    });

    test('that is made while the client is away follows, and so does the next one', async () => {
      const alice = await negotiated();
      await lose(alice);
      alice.stream.send(sfuOffer('sfu-1'));
      await alice.client.comeBack();
      await stage.sfu.waitFor(() => answersOf(alice.stream).length === 2);
      alice.stream.send(sfuOffer('sfu-2'));
      await stage.sfu.waitFor(() => answersOf(alice.stream).length === 3);
      expect(alice.client.heard('offer').map(({ sdp }) => /sfu-\d/.exec(String(sdp))?.[0])).toEqual([
        undefined,
        'sfu-1',
        'sfu-2',
      ]);
    });

    test('may be answered later than answerTimeoutMs after it, where the client was away', async () => {
      await stage.start({ relay: { answerTimeoutMs: 300 } });
      const alice = await negotiated();
      // Its time is over when hers would be.
      const clock = await enter('clock', {}, { answersOffers: false });
      const started = stage.relay.counters.sent.get('offer');
      alice.client.connection.socket.pause();
      alice.stream.send(sfuOffer('sfu-1'));
      await until('it is on its way', () => stage.relay.counters.sent.get('offer') > started, SOON);
      await lose(alice);
      expect(await clock.client.connection.ended()).toBe(4408);
      const other = await enter('another clock', {}, { answersOffers: false });
      expect(await other.client.connection.ended()).toBe(4408);
      expect(alice.session.state).toBe('joined');
      await alice.client.comeBack();
      await stage.sfu.waitFor(() => answersOf(alice.stream).length === 2);
    });

    test('has its full time again when the client is back, and no more', async () => {
      await stage.start({ relay: { answerTimeoutMs: 200 } });
      const alice = await negotiated({}, false);
      await lose(alice);
      alice.stream.send(sfuOffer('sfu-1'));
      await alice.client.comeBack();
      await alice.client.notified('offer', ({ sdp }) => String(sdp).includes('sfu-1'));
      expect(await alice.client.connection.ended()).toBe(4408);
      await ended(alice.session);
    });
  });

  describe('a client that is away while the SFU fails', () => {
    const capabilities = ['resume', 'rejoin'];
    const offer = (trackId: string) => ({ type: 'offer', sdp: fakeOffer([{ ...CAMERA, trackId }]) });

    test('learns that it is interrupted after it has resumed, rejoins, and goes on', async () => {
      const alice = await negotiated({ capabilities, offer: offer('camera-1') });
      const bob = await enter('bob', { capabilities });
      await lose(alice);
      await stage.sfu.stop();
      await bob.client.notified('interrupted');
      expect((await alice.client.comeBack()).error).toBeUndefined();
      expect(await alice.client.notified('interrupted')).toMatchObject({ peer: 1 });
      await stage.sfu.start();
      expect(await alice.client.notified('rejoin')).toMatchObject({ peer: 1 });
      const { result } = await alice.client.request('rejoin', {
        peer: 2,
        offer: offer('camera-2'),
        renamed: { 'camera-1': 'camera-2' },
      });
      expect(result).toMatchObject({
        sessionId: alice.session.id,
        peer: 2,
        capabilities: ['rejoin', 'resume'],
      });
      expect(alice.client.heard('interrupted')).toHaveLength(1);
      expect(bob.client.heard('participants').flatMap(({ left = [] }) => left)).toEqual([]);
    });

    test('learns both where the SFU is back before it is', async () => {
      const alice = await negotiated({ capabilities, offer: offer('camera-1') });
      const bob = await enter('bob', { capabilities });
      await lose(alice);
      await stage.sfu.restart();
      await bob.client.notified('rejoin');
      await alice.client.comeBack();
      await alice.client.notified('rejoin');
      const methods = alice.client.log.flatMap(({ method = '' }) => method);
      expect(methods.indexOf('interrupted')).toBeGreaterThan(-1);
      expect(methods.indexOf('interrupted')).toBeLessThan(methods.indexOf('rejoin'));
    });

    test('may lose its connection during a rejoin, whose result follows', async () => {
      const alice = await negotiated({ capabilities, offer: offer('camera-1') });
      let join = () => {};
      stage.sfu.script.onJoin = (...args) => {
        join = () => void stage.sfu.ion.onJoin(...args);
      };
      const rejoined = alice.client.request('rejoin', {
        peer: 2,
        offer: offer('camera-2'),
        renamed: { 'camera-1': 'camera-2' },
      });
      await stage.sfu.waitFor(
        (sfu) => sfu.received.filter(({ request }) => request.payload?.$case === 'join').length === 2,
      );
      await lose(alice);
      join();
      await until('it has rejoined', () => alice.session.peer === 2, SOON);
      await alice.client.comeBack();
      expect((await rejoined).result).toMatchObject({ peer: 2, sessionId: alice.session.id });
      expect((await say(alice.client, 'here')).error).toBeUndefined();
    });
  });
}
