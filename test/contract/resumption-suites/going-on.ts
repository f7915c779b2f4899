import { describe, expect, test, vi } from 'vitest';
import { fakeCandidate, fakeOffer } from '../../../src/testing/index.js';
import { until } from '../../support/poll.js';
import { chatOf, type ResumptionStage, SOON, say } from './stage.js';

const CAMERA = { kind: 'video', streamId: 'home', trackId: 'camera' } as const;
const CANDIDATE = { target: 0, candidate: JSON.parse(fakeCandidate(4711)) };

export function goingOnSuite(stage: ResumptionStage): void {
  const { enter, lose } = stage;

  describe('a client that resumes its session', () => {
    test('gets what it has missed, and the relay what it could not send', async () => {
      const alice = await enter('alice');
      const bob = await enter('bob');
      await say(alice.client, 'before');
      await lose(alice);
      const unsent = say(alice.client, 'unsent');
      alice.client.notify('trickle', CANDIDATE);
      await say(bob.client, 'meanwhile');
      alice.stream.send({ $case: 'trickle', value: { target: 0, init: fakeCandidate(4712) } });
      expect((await alice.client.comeBack()).result).toEqual({
        sessionToken: expect.stringMatching(/^[\w-]{43}$/),
        received: expect.any(Number),
        sent: expect.any(Number),
      });
      expect((await unsent).result).toMatchObject({ id: expect.any(String) });
      await stage.sfu.waitFor(() => alice.stream.requests('trickle').some(has4711));
      await until('the candidate has come', () => alice.client.heard('trickle').some(has4712), SOON);
      expect(alice.client.heard('trickle').filter(has4712)).toHaveLength(1);
      expect(chatOf(alice.client)).toEqual(['before', 'meanwhile', 'unsent']);
      expect(chatOf(bob.client)).toEqual(['before', 'meanwhile', 'unsent']);
    });

    test('gets the response that was on its way, and its request is not executed twice', async () => {
      const onMessage = vi.fn();
      await stage.start({ hooks: { onMessage } });
      const alice = await enter('alice');
      alice.client.connection.socket.pause();
      const response = say(alice.client, 'once');
      await until('the message is there', () => onMessage.mock.calls.length === 1, SOON);
      await lose(alice);
      await alice.client.comeBack();
      expect((await response).result).toMatchObject({ id: expect.any(String) });
      await say(alice.client, 'then');
      expect(chatOf(alice.client)).toEqual(['once', 'then']);
      expect(onMessage).toHaveBeenCalledTimes(2);
    });

    test('gets the response of a request that is answered while it is away', async () => {
      const { client, session, stream } = await enter('alice');
      let answer = () => {};
      stage.sfu.script.onDescription = (from, description) => {
        answer = () => void stage.sfu.ion.onDescription(from, description);
      };
      const desc = { type: 'offer', sdp: fakeOffer([CAMERA]) };
      const response = client.request('offer', { desc });
      await stage.sfu.waitFor(() => stream.requests('description').some(({ type }) => type === 'offer'));
      await lose({ client, session, stream });
      answer();
      await until('the SFU has answered', () => session.tracks.length === 1, SOON);
      await client.comeBack();
      expect((await response).result).toMatchObject({ type: 'answer' });
    });

    test('gets the result of statistics that waited for the rate limiter meanwhile', async () => {
      let pass = () => {};
      const consume = ({ method }: { method: string }) =>
        method === 'stats' ? new Promise<void>((resolve) => (pass = resolve)) : undefined;
      await stage.start({ relay: { rateLimiter: { consume } } });
      const alice = await enter('alice');
      const response = alice.client.request('stats', { report: [] });
      await until('it waits', () => pass.name !== '', SOON);
      await lose(alice);
      pass();
      await alice.client.comeBack();
      expect((await response).result).toMatchObject({ sessionId: alice.session.id });
    });

    test('is not seen to leave; its stream at the SFU stays', async () => {
      const alice = await enter('alice', { offer: { type: 'offer', sdp: fakeOffer([CAMERA]) } });
      const bob = await enter('bob');
      await lose(alice);
      await alice.client.comeBack();
      await say(alice.client, 'here again');
      await until('he has heard it', () => chatOf(bob.client).length === 1, SOON);
      expect([bob.client.heard('participants'), bob.client.heard('tracks')]).toEqual([[], []]);
      expect([...stage.relay.sessions.keys()]).toEqual([alice.session.id, bob.session.id]);
      expect([alice.stream.isOpen, stage.sfu.totalStreams]).toEqual([true, 2]);
    });

    test('may do so again and again, and each time continues the counts', async () => {
      const alice = await enter('alice');
      const bob = await enter('bob');
      const texts: string[] = [];
      for (let n = 0; n < 5; n += 1) {
        await lose(alice);
        const waiting = say(alice.client, `alice ${n}`);
        await say(bob.client, `bob ${n}`);
        await alice.client.comeBack();
        await waiting;
        texts.push(`bob ${n}`, `alice ${n}`);
      }
      await until('all has come', () => chatOf(bob.client).length === 10, SOON);
      expect([chatOf(alice.client), chatOf(bob.client)]).toEqual([texts, texts]);
    });

    test('is told to the application: events, hooks, counters', async () => {
      const [onInterrupted, onResumed, onJoin, onLeave] = [vi.fn(), vi.fn(), vi.fn(), vi.fn()];
      await stage.start({ hooks: { onInterrupted, onResumed, onJoin, onLeave } });
      const alice = await enter('alice');
      const events: unknown[] = [];
      alice.session.on('detached', (event) => events.push(event));
      alice.session.on('attached', (event) => events.push(event));
      await lose(alice);
      expect(alice.session.connection).toBe('detached');
      await alice.client.comeBack();
      expect(alice.session.connection).toBe('connected');
      expect(events).toEqual([
        { graceMs: 30_000, reason: expect.stringContaining('1006') },
        { detachedMs: expect.any(Number) },
      ]);
      expect(onInterrupted.mock.lastCall?.[0]).toMatchObject({
        session: { id: alice.session.id },
        cause: 'connection',
        error: { code: 'ERR_RELAY_ABORTED' },
      });
      await until('it is told', () => onResumed.mock.calls.length === 1, SOON);
      expect(onResumed.mock.lastCall?.[0]).toMatchObject({ cause: 'connection' });
      expect(stage.relay.counters.resumptions.get('resumed')).toBe(1);
      expect([onJoin.mock.calls.length, onLeave.mock.calls.length]).toEqual([1, 0]);
    });

    test('others are told when it is away for a second, and when it is back', async () => {
      const alice = await enter('alice');
      const bob = await enter('bob');
      const connections = () =>
        bob.client
          .heard('participants')
          .flatMap(({ updated }) => (updated as { sessionId: string; connection?: string }[]) ?? [])
          .filter(({ sessionId }) => sessionId === alice.session.id)
          .map(({ connection }) => connection);
      await lose(alice);
      await until('he is told', () => connections().includes('interrupted'), SOON);
      await alice.client.comeBack();
      await until('he is told again', () => connections().includes('restored'), SOON);
      expect(connections()).toEqual(['interrupted', 'restored']);
      expect(bob.client.heard('participants').flatMap(({ left = [] }) => left)).toEqual([]);
    });
  });
}

const has4711 = ({ init }: { init: string }) => init.includes(' 4711 ');
const has4712 = ({ candidate }: Record<string, unknown>) => JSON.stringify(candidate).includes(' 4712 ');
