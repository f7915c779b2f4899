import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  anonymous,
  RelayError,
  type RelayErrorCode,
  SfuRelay,
  type SfuRelayOptions,
  type StandaloneSfuOptions,
} from '../../../src/index.js';
import {
  fakeOffer,
  type ScriptedSfu,
  startScriptedSfu,
  startSilentServer,
} from '../../../src/testing/index.js';
import { until } from '../../support/poll.js';

describe.each(['http2', 'grpc-js'] as const)('by %s:', (client) => {
  let sfu: ScriptedSfu;
  let relay: SfuRelay;
  const relays: SfuRelay[] = [];

  function makeRelay(
    serverUrl: string,
    {
      sfu: other,
      ...options
    }: Partial<Omit<SfuRelayOptions, 'sfu'>> & { sfu?: Partial<StandaloneSfuOptions> } = {},
  ): SfuRelay {
    const made = new SfuRelay({
      sfu: { serverUrl, connectTimeoutMs: 5_000, client, probeOnStart: false, ...other },
      authenticate: anonymous(),
      ...options,
    });
    relays.push(made);
    return made;
  }

  beforeEach(async () => {
    sfu = await startScriptedSfu();
    relay = makeRelay(sfu.address);
  });

  afterEach(async () => {
    await Promise.all(relays.splice(0).map((each) => each.close()));
    await sfu.stop();
  });

  const join = (overrides: object = {}) => ({
    roomId: 'lobby',
    userId: 'alice',
    sdp: fakeOffer(),
    ...overrides,
  });

  async function codeOf(promise: Promise<unknown>): Promise<RelayErrorCode | unknown> {
    try {
      await promise;
    } catch (error) {
      return error instanceof RelayError ? error.code : error;
    }
    return 'no error';
  }

  /** Nothing is left: no session, no room, no stream here, none on the SFU. */
  async function expectNothingLeft(of: SfuRelay) {
    expect([...of.sessions.keys()]).toEqual([]);
    await until('the relay has no room', () => of.rooms.size === 0);
    await until('the relay has no stream', () => of.streamCount === 0);
    await sfu.waitFor(() => sfu.streams.size === 0);
  }

  describe('createSession', () => {
    test('joins the room on the SFU and resolves with its answer', async () => {
      const session = await relay.createSession(join({ sessionId: 's1', role: 'publisher' }));
      expect(session.answer.type).toBe('answer');
      expect(session.answer.sdp).toContain('a=ice-ufrag');
      expect(session).toMatchObject({
        id: 's1',
        roomId: 'lobby',
        userId: 'alice',
        role: 'publisher',
        state: 'joined',
      });
      expect(relay.getSession('s1')).toBe(session);
      expect(relay.rooms.get('lobby')?.participants).toEqual([
        { sessionId: 's1', userId: 'alice', role: 'publisher', tracks: [] },
      ]);
    });

    test('gives every session a uid of its own on the SFU, so that equal users do not collide', async () => {
      await relay.createSession(join({ sessionId: 'a' }));
      await relay.createSession(join({ sessionId: 'b' }));
      await relay.createSession(join({ sessionId: 'c', roomId: 'other/room' }));
      expect([...sfu.streams].map((stream) => [stream.sid, stream.uid])).toEqual([
        ['lobby', 'lobby/alice/a'],
        ['lobby', 'lobby/alice/b'],
        ['other/room', 'other%2Froom/alice/c'],
      ]);
    });

    test('refuses a session id that exists, and leaves the first session alone', async () => {
      const first = await relay.createSession(join({ sessionId: 's1' }));
      expect(await codeOf(relay.createSession(join({ sessionId: 's1' })))).toBe('ERR_RELAY_SESSION_EXISTS');
      expect(relay.getSession('s1')).toBe(first);
      expect(first.state).toBe('joined');
    });

    test.each([
      ['an empty room', { roomId: '' }],
      ['a room that is no string', { roomId: 7 }],
      ['a user id with a control character', { userId: 'a\u0000b' }],
      ['a user id with half a surrogate pair', { userId: '\ud800' }],
      ['a user id that is too long', { userId: 'x'.repeat(129) }],
      ['an unknown role', { role: 'admin' }],
    ])('refuses %s without troubling the SFU', async (_, overrides) => {
      expect(await codeOf(relay.createSession(join(overrides)))).toBe('ERR_RELAY_INVALID_PARAMS');
      expect(sfu.totalStreams).toBe(0);
      await expectNothingLeft(relay);
    });

    test.each(['roomId', 'userId'])('says what to write where %s is missing', async (name) => {
      const refused = relay.createSession(join({ [name]: undefined }));
      await expect(refused).rejects.toThrow(`"${name}" is missing: write ${name}: "`);
    });

    test('refuses a description that the SFU would not survive, without troubling it', async () => {
      for (const sdp of [undefined, '', 'nonsense', fakeOffer().replace(/a=ice-ufrag.*\r\n/g, '')]) {
        expect(await codeOf(relay.createSession(join({ sdp })))).toBe('ERR_RELAY_INVALID_SDP');
      }
      expect(sfu.totalStreams).toBe(0);
      await expectNothingLeft(relay);
    });

    test('a subscriber may not bring a section that sends', async () => {
      const sdp = fakeOffer([{ kind: 'video', streamId: 's', trackId: 't' }]);
      const attempt = relay.createSession(join({ sdp, role: 'subscriber' }));
      await expect(attempt).rejects.toMatchObject({
        code: 'ERR_RELAY_FORBIDDEN',
        message: expect.stringContaining('section 0 (video)'),
      });
      expect(sfu.totalStreams).toBe(0);
    });
  });

  describe('createSession, when the SFU fails', () => {
    test('nothing listens: ERR_RELAY_SFU_UNAVAILABLE', async () => {
      await sfu.stop();
      expect(await codeOf(relay.createSession(join()))).toBe('ERR_RELAY_SFU_UNAVAILABLE');
      expect([...relay.sessions.keys(), relay.streamCount]).toEqual([0]);
    });

    test('a server accepts and stays silent: ERR_RELAY_SFU_TIMEOUT after the connect timeout', async () => {
      const silent = await startSilentServer();
      const lost = makeRelay(silent.address, { sfu: { serverUrl: silent.address, connectTimeoutMs: 100 } });
      expect(await codeOf(lost.createSession(join()))).toBe('ERR_RELAY_SFU_TIMEOUT');
      expect([...lost.sessions.keys(), lost.streamCount]).toEqual([0]);
      await silent.stop();
    });

    test('the SFU takes the join and stays silent: ERR_RELAY_SFU_TIMEOUT after the join timeout', async () => {
      sfu.script.onJoin = () => {};
      const hasty = makeRelay(sfu.address, { joinTimeoutMs: 100 });
      expect(await codeOf(hasty.createSession(join()))).toBe('ERR_RELAY_SFU_TIMEOUT');
      await expectNothingLeft(hasty);
    });

    test('the SFU says success: false: ERR_RELAY_SFU_REFUSED, its reason in the cause', async () => {
      sfu.script.onJoin = (stream) =>
        stream.send({ $case: 'join', value: { success: false, error: { code: 500, reason: 'room full' } } });
      await expect(relay.createSession(join())).rejects.toMatchObject({
        code: 'ERR_RELAY_SFU_REFUSED',
        cause: { message: 'room full' },
      });
      await expectNothingLeft(relay);
    });

    test('the SFU ends the stream: ERR_RELAY_SFU_STREAM_ENDED', async () => {
      sfu.script.onJoin = (stream) => stream.end();
      expect(await codeOf(relay.createSession(join()))).toBe('ERR_RELAY_SFU_STREAM_ENDED');
      sfu.script.onJoin = (stream) => stream.fail(status.INTERNAL, 'answer error');
      expect(await codeOf(relay.createSession(join()))).toBe('ERR_RELAY_SFU_STREAM_ENDED');
      await expectNothingLeft(relay);
    });

    test('the server speaks no rtc.RTC, is overloaded, or refuses: each has its code', async () => {
      const cases: [status, RelayErrorCode][] = [
        [status.UNIMPLEMENTED, 'ERR_RELAY_SFU_REFUSED'],
        [status.PERMISSION_DENIED, 'ERR_RELAY_SFU_REFUSED'],
        [status.RESOURCE_EXHAUSTED, 'ERR_RELAY_SFU_UNAVAILABLE'],
      ];
      for (const [code, expected] of cases) {
        sfu.script.onJoin = (stream) => stream.fail(code, 'no');
        expect(await codeOf(relay.createSession(join()))).toBe(expected);
      }
      await expectNothingLeft(relay);
    });

    test('the SFU sends garbage for an answer: the session ends, the process lives', async () => {
      sfu.script.onJoin = (stream) => stream.sendBytes(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff]));
      expect(await codeOf(relay.createSession(join()))).toBe('ERR_RELAY_SFU_STREAM_ENDED');
      await expectNothingLeft(relay);
    });

    test('it serves again when the SFU is back, without a restart', async () => {
      await relay.createSession(join({ sessionId: 'before' }));
      await sfu.stop();
      await until('the session has ended', () => relay.sessions.size === 0);
      expect(await codeOf(relay.createSession(join()))).toBe('ERR_RELAY_SFU_UNAVAILABLE');
      await sfu.restart();
      const session = await until('a join succeeds', () => relay.createSession(join()));
      expect(session.state).toBe('joined');
    });
  });

  describe('a join that is cancelled', () => {
    const silentJoin = () => {
      sfu.script.onJoin = () => {};
    };

    test('by its AbortSignal: ERR_RELAY_ABORTED, and the stream is ended on the SFU', async () => {
      silentJoin();
      const controller = new AbortController();
      const attempt = codeOf(relay.createSession(join(), { signal: controller.signal }));
      const stream = await sfu.waitFor(() =>
        [...sfu.streams].find((each) => each.requests('join').length > 0),
      );
      controller.abort();
      expect(await attempt).toBe('ERR_RELAY_ABORTED');
      await stream.ended;
      await expectNothingLeft(relay);
    });

    test('by a signal that was aborted before', async () => {
      expect(await codeOf(relay.createSession(join(), { signal: AbortSignal.abort() }))).toBe(
        'ERR_RELAY_ABORTED',
      );
      expect(sfu.totalStreams).toBe(0);
      await expectNothingLeft(relay);
    });

    test('by closeSession()', async () => {
      silentJoin();
      const attempt = codeOf(relay.createSession(join({ sessionId: 's1' })));
      await sfu.waitFor(() => sfu.received.length > 0);
      await relay.closeSession('s1');
      expect(await attempt).toBe('ERR_RELAY_ABORTED');
      await expectNothingLeft(relay);
    });

    test('by close() of the relay', async () => {
      silentJoin();
      const attempt = codeOf(relay.createSession(join()));
      await sfu.waitFor(() => sfu.received.length > 0);
      await relay.close();
      expect(await attempt).toBe('ERR_RELAY_CLOSED');
      await expectNothingLeft(relay);
      expect(await codeOf(relay.createSession(join()))).toBe('ERR_RELAY_CLOSED');
    });
  });

  describe('leaving', () => {
    test('closeSession half-closes the stream and resolves when the SFU has ended it', async () => {
      const session = await relay.createSession(join({ sessionId: 's1' }));
      const stream = await sfu.waitFor(() => sfu.stream('lobby/alice/s1'));
      const reasons: unknown[] = [];
      session.on('close', (reason) => reasons.push(reason));
      await relay.closeSession('s1');
      expect(await stream.ended).toBe('half-closed');
      expect(session.state).toBe('closed');
      expect(reasons).toEqual([{ by: 'application' }]);
      expect(await codeOf(relay.closeSession('s1'))).toBe('ERR_RELAY_SESSION_NOT_FOUND');
      await expectNothingLeft(relay);
    });

    test('cancels the stream of an SFU that does not end it', async () => {
      sfu.script.onHalfClose = () => {};
      const impatient = makeRelay(sfu.address, { sfu: { serverUrl: sfu.address, closeTimeoutMs: 50 } });
      await impatient.createSession(join({ sessionId: 's1' }));
      await impatient.closeSession('s1');
      await expectNothingLeft(impatient);
    });

    test('a session that the SFU ends says so once, and is gone', async () => {
      const session = await relay.createSession(join({ sessionId: 's1' }));
      const ended = new Promise((resolve) => session.on('close', resolve));
      sfu.stream('lobby/alice/s1')?.fail(status.INTERNAL, 'answer error');
      expect(await ended).toMatchObject({ by: 'sfu', error: { code: 'ERR_RELAY_SFU_STREAM_ENDED' } });
      expect(await codeOf(session.offer({ type: 'offer', sdp: fakeOffer() }))).toBe(
        'ERR_RELAY_INVALID_STATE',
      );
      await expectNothingLeft(relay);
    });

    test('1,000 join/leave cycles leave no session, stream, room, listener or timer', async () => {
      const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
      const cycle = async (n: number) => {
        const session = await relay.createSession(join({ sessionId: `s${n}` }));
        session.on('offer', () => {});
        await session.close();
        expect(session.listenerCount()).toBe(0);
      };
      await cycle(-1);
      const before = timers();
      for (let n = 0; n < 1_000; n += 50) {
        await Promise.all(Array.from({ length: 50 }, (_, i) => cycle(n + i)));
      }
      await expectNothingLeft(relay);
      expect(relay.listenerCount()).toBe(0);
      await until('no timer is left', () => timers() <= before);
      expect(sfu.totalStreams).toBe(1_001);
      expect(sfu.crashed).toBeUndefined();
    });
  });

  describe('a peer that the SFU keeps after ending its stream', () => {
    test('is replaced by one of the same uid, which leaves', async () => {
      await relay.createSession(join({ sessionId: 's1' }));
      await relay.createSession(join({ sessionId: 's2', userId: 'bystander' }));
      sfu.stream('lobby/alice/s1')?.fail(status.INTERNAL, 'answer error');
      const successor = await sfu.waitFor(() =>
        sfu.received.findLast(({ stream, request }) => stream.id === 3 && request.payload?.$case === 'join'),
      );
      expect(successor.stream.uid).toBe('lobby/alice/s1');
      expect(await successor.stream.ended).toBe('half-closed');
      expect(relay.rooms.get('lobby')?.participants.map(({ userId }) => userId)).toEqual(['bystander']);
    });
  });

  describe('healthCheck', () => {
    test('proves the signalling loop, and leaves nothing behind', async () => {
      expect(await relay.healthCheck()).toMatchObject({
        ok: true,
        nodes: [{ serverUrl: sfu.address, ok: true }],
      });
      expect(sfu.received.map(({ request }) => request.payload?.$case)).toEqual(['trickle']);
      await expectNothingLeft(relay);
    });

    test('tells an SFU that is down from one that does not answer', async () => {
      sfu.script.onTrickle = () => {};
      const hasty = makeRelay(sfu.address, { healthTimeoutMs: 100 });
      expect(await hasty.healthCheck()).toMatchObject({
        ok: false,
        nodes: [{ error: { code: 'ERR_RELAY_SFU_TIMEOUT' } }],
      });
      await sfu.stop();
      expect(await relay.healthCheck()).toMatchObject({
        ok: false,
        nodes: [{ error: { code: 'ERR_RELAY_SFU_UNAVAILABLE' } }],
      });
    });
  });

  describe('hooks', () => {
    test('onJoin may refuse, by any error; the SFU is not troubled', async () => {
      const strict = makeRelay(sfu.address, {
        hooks: {
          onJoin: async ({ userId }) => {
            if (userId === 'mallory') throw new Error('banned: ticket 4711');
          },
        },
      });
      await expect(strict.createSession(join({ userId: 'mallory' }))).rejects.toMatchObject({
        code: 'ERR_RELAY_FORBIDDEN',
        message: 'You may not join this room.',
      });
      expect(sfu.totalStreams).toBe(0);
      expect((await strict.createSession(join())).state).toBe('joined');
    });

    test('onLeave hears of every session that ended; one that throws harms nothing', async () => {
      const left: string[] = [];
      const talkative = makeRelay(sfu.address, {
        hooks: {
          onLeave: ({ session, reason }) => {
            left.push(`${session.id} ${reason.by}`);
            throw new Error('no');
          },
        },
      });
      const session = await talkative.createSession(join({ sessionId: 's1' }));
      await session.close({ by: 'client' });
      expect(left).toEqual(['s1 client']);
      await expectNothingLeft(talkative);
    });
  });

  describe('a user who is in the room already', () => {
    const twice = async (duplicateUser: 'allow' | 'replace' | 'reject') => {
      const strict = makeRelay(sfu.address, { duplicateUser });
      const first = await strict.createSession(join({ sessionId: 'first' }));
      const closed = new Promise((resolve) => first.on('close', resolve));
      const second = codeOf(strict.createSession(join({ sessionId: 'second' })));
      return { strict, first, closed, second };
    };

    test('may join again, by default', async () => {
      const { strict, second } = await twice('allow');
      expect(await second).toBe('no error');
      expect([...strict.sessions.keys()]).toEqual(['first', 'second']);
    });

    test('replaces the older session, where that is wished', async () => {
      const { strict, closed, second } = await twice('replace');
      expect(await second).toBe('no error');
      expect(await closed).toMatchObject({
        by: 'relay',
        error: { code: 'ERR_RELAY_REPLACED', closeCode: 4409 },
      });
      expect([...strict.sessions.keys()]).toEqual(['second']);
    });

    test('is refused, where that is wished; in another room it is not', async () => {
      const { strict, first, second } = await twice('reject');
      expect(await second).toBe('ERR_RELAY_SESSION_EXISTS');
      expect(first.state).toBe('joined');
      expect((await strict.createSession(join({ roomId: 'other' }))).state).toBe('joined');
    });
  });

  describe('grants', () => {
    const withGrants = (grants: object, overrides: object = {}) =>
      relay.createSession(join({ principal: { grants }, ...overrides }));
    const video = { kind: 'video', streamId: 's', trackId: 't' } as const;

    test('decide what a session publishes, in its join and ever after', async () => {
      const session = await withGrants({ canPublishSources: ['microphone'], maxTracks: 1 });
      const offer = (tracks: Parameters<typeof fakeOffer>[0]) =>
        codeOf(session.offer({ type: 'offer', sdp: fakeOffer(tracks) }));
      expect(await offer([video])).toBe('ERR_RELAY_FORBIDDEN');
      const audio = { ...video, kind: 'audio' } as const;
      expect(await offer([audio, { ...audio, trackId: 't2' }])).toBe('ERR_RELAY_FORBIDDEN');
      expect(await offer([audio])).toBe('no error');
    });

    test('hidden participants are seen by nobody, and see the others', async () => {
      const events: unknown[] = [];
      const alice = await relay.createSession(join({ sessionId: 'alice' }));
      alice.on('participants', (event) => events.push(event));
      const ghost = await withGrants({ hidden: true }, { sessionId: 'ghost', userId: 'ghost' });
      expect(ghost.role).toBe('subscriber');
      expect(ghost.room.participants.map(({ sessionId }) => sessionId)).toEqual(['alice']);
      await ghost.close();
      expect(events).toEqual([]);
    });

    test('without canSubscribe nothing is received', async () => {
      const deaf = await withGrants({ canSubscribe: false }, { sessionId: 'deaf' });
      expect(await codeOf(deaf.subscribe([]))).toBe('ERR_RELAY_FORBIDDEN');
      expect(sfu.stream('lobby/alice/deaf')?.requests('join')[0]?.config).toEqual({
        NoAutoSubscribe: 'true',
      });
    });

    test('that this version does not know, or of the wrong type, let nobody in', async () => {
      for (const grants of [
        { canFly: true },
        { canPublish: 'yes' },
        { canPublishSources: ['smell'] },
        { maxTracks: -1 },
      ]) {
        expect(await codeOf(withGrants(grants))).toBe('ERR_RELAY_INTERNAL');
      }
      expect(sfu.totalStreams).toBe(0);
    });
  });

  describe('channels', () => {
    test('a further connection is opened when the first has its fill, and closed when it is empty', async () => {
      const many = makeRelay(sfu.address, { sfu: { serverUrl: sfu.address, maxStreamsPerChannel: 2 } });
      const sessions = await Promise.all(
        Array.from({ length: 5 }, (_, n) => many.createSession(join({ sessionId: `s${n}` }))),
      );
      expect(many.streamCount).toBe(5);
      expect(new Set([...sfu.streams].map((stream) => stream.peer)).size).toBe(3);
      await Promise.all(sessions.map((session) => session.close()));
      await expectNothingLeft(many);
    });
  });
});
