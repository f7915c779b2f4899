import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test, vi } from 'vitest';
import type { LimitedMessage } from '../../../../src/index.js';
import { fakeOffer } from '../../../../src/testing/index.js';
import { eventually } from '../../../support/eventually.js';
import { FakeClient, startRelay } from './stage.js';

vi.mock('../../../../src/sfu/ion/ion-sfu.js', async () => {
  const { InstantSfu } = await import('../../../support/instant-sfu.js');
  return { IonSfu: InstantSfu };
});

/** A promise that the test resolves. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** A session whose client has lost its connection. */
async function detachedSession(relay = startRelay()) {
  const lost = new FakeClient(relay);
  const session = await lost.join();
  lost.lose();
  return { relay, session, resume: { ...session, received: 1 }, lost };
}

describe('a connection that resumes a session', () => {
  test.each([
    ['join', async () => ({ sid: 'lobby', uid: 'eve', offer: { type: 'offer', sdp: fakeOffer() } })],
    ['attach', (relay: ReturnType<typeof startRelay>) => new FakeClient(relay).join({ uid: 'eve' })],
  ])('has one session only: with a %s right behind, the resumption is refused', async (method, paramsIn) => {
    const { relay, session, resume } = await detachedSession();
    const params = await paramsIn(relay);
    const client = new FakeClient(relay);
    await client.request('ping');
    const [resuming, coming] = [client.ask('resume', resume), client.ask(method, params)];
    expect((await client.answerTo(resuming)).error?.data.code).toBe('ERR_RELAY_INVALID_STATE');
    expect((await client.answerTo(coming)).result).toMatchObject({ userId: 'eve' });
    client.lose(1000);
    await eventually(() =>
      expect([...relay.sessions.values()].map(({ id, connection }) => [id, connection])).toEqual([
        [session.sessionId, 'detached'],
      ]),
    );
  });

  test.each([
    ['cannot be written to', async (client: FakeClient) => void Object.assign(client, { isBroken: true })],
    [
      'is full',
      async (client: FakeClient) => {
        Object.assign(client, { reads: false, bufferedAmount: 65_400 });
        await client.request('ping');
      },
    ],
  ])('leaves it detached if its socket %s', async (_, spoil) => {
    const relay = startRelay({ resumption: { maxDetached: 1 } });
    const sender = new FakeClient(relay);
    await sender.join({ uid: 'ben' });
    const { session, resume } = await detachedSession(relay);
    // More than is kept until the tick ends.
    for (let n = 0; n < 20; n += 1)
      await sender.request('message', { kind: 'chat', data: { text: 'x'.repeat(1_500) } });
    const broken = new FakeClient(relay, { maxBufferedBytes: 65_536 });
    await broken.request('ping');
    await spoil(broken);
    broken.ask('resume', resume);
    await new Promise(setImmediate);
    expect(relay.getSession(session.sessionId)?.connection).toBe('detached');
    const next = new FakeClient(relay);
    expect((await next.request('resume', resume)).result).toMatchObject({ sent: 1 });
    // The place among the detached ones is free again.
    next.lose();
    expect(relay.getSession(session.sessionId)?.connection).toBe('detached');
  });

  test('is closed if the ban store does not say in time whether the client may stay', async () => {
    let isSlow = false;
    const never = new Promise<undefined>(() => {});
    const { relay, resume } = await detachedSession(
      startRelay({
        bans: {
          find: async () => (isSlow ? never : undefined),
          set: async () => {},
          delete: async () => {},
        },
      }),
    );
    isSlow = true;
    const client = new FakeClient(relay, { handshakeTimeoutMs: 50 });
    client.ask('resume', resume);
    await eventually(() => expect(client.closeCode).toBe(4408));
  });

  test('sends nothing before the result, although the room is being notified of something', async () => {
    const relay = startRelay({ resumption: { maxFrames: 8 } });
    for (let n = 0; n < 600; n += 1)
      await relay.createSession({ roomId: 'lobby', userId: `user ${n}`, sdp: fakeOffer() });
    const { session, resume } = await detachedSession(relay);
    const detached = relay.getSession(session.sessionId);
    const room = detached?.room;
    let told = 0;
    detached?.on('room', () => {
      told += 1;
    });
    for (let n = 0; n < 10; n += 1) {
      room?.lock();
      room?.unlock();
    }
    await eventually(() => expect(told).toBe(20));
    const client = new FakeClient(relay);
    await client.request('ping');
    // It takes more than one turn to notify so many.
    room?.lock();
    const { result } = await client.request('resume', resume);
    expect(result.snapshot).toMatchObject({ locked: true });
    expect(client.heard.slice(0, 2).map(({ method }) => method)).toEqual([undefined, undefined]);
  });
});

describe('a session that ends while its client is away', () => {
  const removed = { data: { code: 'ERR_RELAY_REMOVED' } };

  test('ends for a reason that the client is told, also while the SFU takes its time with the stream', async () => {
    const { relay, session, resume } = await detachedSession();
    const { room, lifecycle } = relay.getSession(session.sessionId) ?? {};
    const [early, late] = [new FakeClient(relay), new FakeClient(relay)];
    await Promise.all([early.request('ping'), late.request('ping')]);
    const kicked = room?.kick('ada');
    expect(lifecycle?.state).toBe('closing');
    const answer = early.request('resume', resume);
    await kicked;
    expect((await answer).error).toMatchObject(removed);
    expect((await late.request('resume', resume)).error).toMatchObject(removed);
    // Others are told nothing.
    const { error } = await late.request('resume', { ...resume, sessionToken: 'wrong' });
    expect(error?.data.code).toBe('ERR_RELAY_FORBIDDEN');
  });

  test('says it also if the client is coming back at that moment', async () => {
    const { opened, open } = gate();
    let isSlow = false;
    const relay = startRelay({
      bans: {
        find: async () => (isSlow ? opened.then(() => undefined) : undefined),
        set: async () => {},
        delete: async () => {},
      },
    });
    const { session, resume } = await detachedSession(relay);
    isSlow = true;
    const client = new FakeClient(relay);
    await client.request('ping');
    const id = client.ask('resume', resume);
    await relay.getSession(session.sessionId)?.room.kick('ada');
    open();
    expect((await client.answerTo(id)).error).toMatchObject(removed);
  });

  test('can be followed by another one of the same id, which is another client\u2019s business', async () => {
    const relay = startRelay({ authenticate: () => ({ userId: 'ada' }) });
    const first = new FakeClient(relay);
    const params = { sessionId: 'fixed', roomId: 'lobby', userId: 'ada', sdp: fakeOffer() };
    const principal = { userId: 'ada' };
    await relay.createSession({ ...params, principal });
    await first.request('attach', { sessionId: 'fixed', capabilities: ['resume'] });
    first.send({ method: 'ack', params: { received: 1 } });
    first.lose();
    await relay.rooms.get('lobby')?.kick('ada');
    await relay.createSession({ ...params, principal });
    const second = new FakeClient(relay);
    const { error } = await second.request('resume', {
      sessionId: 'fixed',
      sessionToken: 'none',
      received: 1,
    });
    expect(error?.data.code).toBe('ERR_RELAY_FORBIDDEN');
  });

  test('is not kept in memory for that', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const relay = startRelay();
    const { sessionId, resume, ended } = await (async () => {
      const { session, resume } = await detachedSession(relay);
      const detached = relay.getSession(session.sessionId);
      await detached?.room.kick('ada');
      return { sessionId: session.sessionId, resume, ended: new WeakRef(detached as object) };
    })();
    await eventually(() => {
      collect();
      expect(ended.deref() === undefined).toBe(true);
    });
    expect(relay.getSession(sessionId)).toBeUndefined();
    expect((await new FakeClient(relay).request('resume', resume)).error).toMatchObject(removed);
  });
});

describe('what a client has sent before it lost its connection', () => {
  test('is executed when the rate limiter lets it pass, and answered on the next connection', async () => {
    const { opened, open } = gate();
    const seen: LimitedMessage[] = [];
    const relay = startRelay({
      rateLimiter: {
        consume: (message) => {
          seen.push(message);
          if (message.method === 'stats') return opened;
        },
      },
    });
    const lost = new FakeClient(relay);
    const session = await lost.join();
    const ids = [lost.ask('stats', { report: [] }), lost.ask('update', { metadata: { name: 'Ada' } })];
    lost.lose();
    open();
    await eventually(() => expect(seen.at(-1)?.method).toBe('update'));
    const next = new FakeClient(relay);
    await next.request('ping');
    const resuming = next.ask('resume', { ...session, received: 1 });
    await next.answerTo(resuming);
    await eventually(() => expect(next.heard.slice(2).map(({ id }) => id)).toEqual(ids));
  });

  test('ends the session if it is a leave; a join behind it has no client any more', async () => {
    const { opened, open } = gate();
    const relay = startRelay({
      resumption: { maxDetached: 1 },
      rateLimiter: { consume: ({ method }) => (method === 'leave' ? opened : undefined) },
    });
    const lost = new FakeClient(relay);
    const { sessionId } = await lost.join();
    const session = relay.getSession(sessionId);
    lost.ask('leave');
    lost.ask('join', { sid: 'lobby', uid: 'ada', offer: { type: 'offer', sdp: fakeOffer() } });
    lost.lose();
    expect(session?.connection).toBe('detached');
    open();
    await eventually(() => expect(session?.state).toBe('closed'));
    await new Promise(setImmediate);
    expect([...relay.sessions.values()]).toEqual([]);
    // The place among the detached ones is free again.
    const { session: next } = await detachedSession(relay);
    expect(relay.getSession(next.sessionId)?.connection).toBe('detached');
  });

  test('counts for the limits of the connection on which it came', async () => {
    const { opened, open } = gate();
    const seen: LimitedMessage[] = [];
    const relay = startRelay({
      rateLimiter: {
        consume: (message) => {
          seen.push(message);
          if (message.method === 'stats') return opened;
        },
      },
    });
    const lost = new FakeClient(relay);
    await lost.join();
    lost.ask('stats', { report: [] });
    lost.ask('update', { metadata: { name: 'Ada' } });
    lost.lose();
    open();
    await eventually(() => expect(seen.at(-1)?.method).toBe('update'));
    const origins = seen.map(({ connectionId, remoteAddress }) => `${connectionId} ${remoteAddress}`);
    expect([...new Set(origins)]).toEqual([expect.stringMatching(/.{36} 127\.0\.0\.1/)]);
  });
});
