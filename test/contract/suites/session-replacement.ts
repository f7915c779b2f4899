import { describe, expect, test } from 'vitest';
import { type Authenticate, type JoinContext, RelayError } from '../../../src/index.js';
import { fakeOffer } from '../../../src/testing/index.js';
import { unauthorized } from '../../support/unauthorized.js';
import type { ContractStage } from '../contract-stage.js';

const CAMERA = { kind: 'video', streamId: 'home', trackId: 'camera' } as const;
const sending = { offer: { type: 'offer', sdp: fakeOffer([CAMERA]) } };
const offer = { desc: { type: 'offer', sdp: fakeOffer([CAMERA]) } };

/** The token is the user. */
const byToken: Authenticate = ({ token }) => {
  if (!token) throw unauthorized('no token');
  return { userId: token };
};

/** A session that a client has lost the connection of: the relay still takes it for connected. */
export function sessionReplacementSuite(stage: ContractStage): void {
  const { start, open, joined, joinParams } = stage;

  /** Publishes, and has no idea that its connection is about to break. */
  async function onAir(overrides: object = {}) {
    const lost = await joined({ ...sending, ...overrides });
    const { sessionId, sessionToken } = lost;
    return { ...lost, replaces: { sessionId, sessionToken } };
  }
  const refusal = async (client: Awaited<ReturnType<typeof open>>, overrides: object) =>
    (await client.request('join', joinParams(overrides))).error?.data?.code;
  const peopleIn = (roomId: string) =>
    stage.relay.rooms.get(roomId)?.participants.map(({ userId }) => userId);

  describe('a join that replaces a session', () => {
    test('takes its place in the room: others see the user leave once and come once', async () => {
      const { client: viewer } = await joined({ uid: 'viewer' });
      const { client, replaces } = await onAir();
      const seen = viewer.received.length;
      const again = await open();
      const { result } = await again.request('join', joinParams({ replaces, ...sending }));
      expect(result?.participants).toMatchObject([{ userId: 'viewer' }]);
      expect(await client.closed).toEqual({
        code: 4409,
        reason: 'Your client has joined again, on another connection.',
      });
      const told = viewer.received.slice(seen).filter(({ method }) => method === 'participants');
      expect(told.map(({ params }) => params)).toMatchObject([
        { left: [replaces.sessionId] },
        { joined: [{ sessionId: result?.sessionId, tracks: [{ trackId: 'camera' }] }] },
      ]);
      expect(peopleIn('lobby')?.sort()).toEqual(['alice', 'viewer']);
      expect([...stage.relay.sessions.keys()]).not.toContain(replaces.sessionId);
    });

    test('reaches the SFU when that has ended the session before', async () => {
      // With nobody else in it, the room would be left before it is joined in any case.
      await joined({ uid: 'viewer' });
      const { stream, replaces } = await onAir();
      const { onJoin } = stage.sfu.ion;
      const wasOpen: boolean[] = [];
      stage.sfu.script.onJoin = (...args) => {
        wasOpen.push(stream.isOpen);
        return onJoin?.(...args);
      };
      const again = await open();
      await again.request('join', joinParams({ replaces }));
      expect(wasOpen).toEqual([false]);
      expect((await again.request('offer', offer)).result).toMatchObject({ type: 'answer' });
    });

    test('goes on where the session has ended already', async () => {
      const { client, stream, replaces } = await onAir();
      client.vanish();
      await stream.ended;
      await stage.expectNothingLeft();
      const again = await open();
      expect((await again.request('join', joinParams({ replaces }))).result).toBeDefined();
    });

    test('may come on the same connection, behind a leave', async () => {
      const { client, replaces } = await onAir();
      client.notify('leave');
      const { result } = await client.request('join', joinParams({ replaces, ...sending }));
      expect(result).toBeDefined();
      expect(peopleIn('lobby')).toEqual(['alice']);
    });

    test('replaces also the session of a join whose answer the client has not heard', async () => {
      const { replaces } = await onAir();
      const unheard = await open();
      const { result } = await unheard.request('join', joinParams({ replaces }));
      const again = await open();
      expect((await again.request('join', joinParams({ replaces, ...sending }))).result).toBeDefined();
      expect(await unheard.closed).toMatchObject({ code: 4409 });
      expect(peopleIn('lobby')).toEqual(['alice']);
      expect(stage.relay.getSession(String(result?.sessionId))).toBeUndefined();
    });

    test('that comes late on an older connection takes nothing from the newer one', async () => {
      const { replaces } = await onAir();
      const older = await open();
      expect((await older.request('ping')).result).toEqual({});
      const newer = await open();
      const { result } = await newer.request('join', joinParams({ replaces }));
      expect(await refusal(older, { replaces })).toBe('ERR_RELAY_REPLACED');
      expect([...stage.relay.sessions.keys()]).toEqual([result?.sessionId]);
    });

    test('is refused without proof of possession, and the session goes on', async () => {
      const { client, replaces } = await onAir();
      const other = await joined({ uid: 'mallory' });
      await other.client.request('leave');
      for (const sessionToken of [other.sessionToken, '', 'x'.repeat(43), replaces.sessionToken.slice(1)]) {
        const { error } = await other.client.request(
          'join',
          joinParams({ replaces: { ...replaces, sessionToken } }),
        );
        expect(error?.data).toMatchObject({ code: 'ERR_RELAY_FORBIDDEN', retryable: false });
        expect(error?.message).toContain('Leave "replaces" out to join beside it.');
      }
      expect((await client.request('ping')).result).toEqual({});
      expect(peopleIn('lobby')).toEqual(['alice']);
    });

    test.each([null, 'x', {}, { sessionId: 's' }, { sessionId: 5, sessionToken: 't' }, []])(
      'by %j is malformed; a right one is taken afterwards',
      async (replaces) => {
        const client = await open();
        expect(await refusal(client, { replaces })).toBe('ERR_RELAY_INVALID_PARAMS');
        expect((await client.request('join', joinParams())).result).toBeDefined();
      },
    );

    test('is refused to another user who has the session token', async () => {
      await start({ authenticate: byToken });
      const alice = await open(['sfu-relay.v1', 'bearer.alice']);
      const { result } = await alice.request('join', joinParams());
      const replaces = { sessionId: result?.sessionId, sessionToken: result?.sessionToken };
      const mallory = await open(['sfu-relay.v1', 'bearer.mallory']);
      expect(await refusal(mallory, { replaces })).toBe('ERR_RELAY_FORBIDDEN');
      const again = await open(['sfu-relay.v1', 'bearer.alice']);
      expect((await again.request('join', joinParams({ replaces }))).result).toBeDefined();
    });

    test('takes the session token alone of whom the application does not name: each connection may have a newer token', async () => {
      await start({ authenticate: () => ({}) });
      const first = await open(['sfu-relay.v1', 'bearer.first']);
      const { result } = await first.request('join', joinParams());
      const replaces = { sessionId: result?.sessionId, sessionToken: result?.sessionToken };
      const unheard = await open(['sfu-relay.v1', 'bearer.second']);
      expect((await unheard.request('join', joinParams({ replaces }))).result).toBeDefined();
      const again = await open(['sfu-relay.v1', 'bearer.third']);
      expect((await again.request('join', joinParams({ replaces }))).result).toBeDefined();
      expect(await unheard.closed).toMatchObject({ code: 4409 });
      expect(peopleIn('lobby')).toEqual(['alice']);
    });

    test('needs the session token of a user whom the application names, too', async () => {
      await start({ authenticate: byToken });
      const alice = await open(['sfu-relay.v1', 'bearer.alice']);
      const { result } = await alice.request('join', joinParams());
      const again = await open(['sfu-relay.v1', 'bearer.alice']);
      const replaces = { sessionId: result?.sessionId, sessionToken: 'x'.repeat(43) };
      expect(await refusal(again, { replaces })).toBe('ERR_RELAY_FORBIDDEN');
    });

    test('does not count twice against limits and the policy for duplicate users', async () => {
      await start({
        relay: {
          limits: { maxSessionsPerUser: 1, maxParticipantsPerRoom: 1, maxRooms: 1 },
          duplicateUser: 'reject',
        },
      });
      const { replaces } = await onAir();
      const again = await open();
      expect(await refusal(again, {})).toBe('ERR_RELAY_SESSION_EXISTS');
      expect((await again.request('join', joinParams({ replaces }))).result).toBeDefined();
    });

    test('may return to a locked room, also where the application names no user', async () => {
      const { replaces } = await onAir();
      stage.relay.rooms.get('lobby')?.lock();
      const again = await open();
      expect(await refusal(again, {})).toBe('ERR_RELAY_ROOM_LOCKED');
      expect((await again.request('join', joinParams({ replaces }))).result).toMatchObject({ locked: true });
    });

    test('has the grants that were changed since the first join', async () => {
      await start({ authenticate: () => ({ userId: 'alice', grants: { canPublish: false } }) });
      const { sessionId, sessionToken } = await joined();
      await stage.relay.updateGrants(sessionId, { canPublish: true });
      const replaces = { sessionId, sessionToken };
      const again = await open();
      const { result } = await again.request('join', joinParams({ replaces }));
      expect(result).toMatchObject({ role: 'publisher', grants: { canPublish: true } });
      expect((await again.request('offer', offer)).result).toMatchObject({ type: 'answer' });
    });

    test('is told to onJoin, whose refusal leaves the session as it is', async () => {
      const asked: (string | undefined)[] = [];
      const onJoin = ({ replaces }: JoinContext) => {
        asked.push(replaces);
        if (replaces) throw new RelayError('ERR_NOT_AGAIN', 'Not again.');
      };
      await start({ hooks: { onJoin } });
      const { client, stream, replaces } = await onAir();
      const again = await open();
      expect(await refusal(again, { replaces })).toBe('ERR_RELAY_FORBIDDEN');
      expect(asked).toEqual([undefined, replaces.sessionId]);
      expect((await client.request('ping')).result).toEqual({});
      expect(stream.isOpen).toBe(true);
    });

    test('says the session token to nobody, and writes it to no log', async () => {
      const written: string[] = [];
      const write = (fields: object, message?: string) =>
        void written.push(JSON.stringify([fields, message, (fields as { err?: Error }).err?.message]));
      await start({ relay: { logger: { debug: write, info: write, warn: write, error: write } } });
      const { client: viewer } = await joined({ uid: 'viewer' });
      const { client, replaces } = await onAir();
      const again = await open();
      const wrong = { ...replaces, sessionToken: 'w'.repeat(43) };
      await again.request('join', joinParams({ replaces: wrong }));
      await again.request('join', joinParams({ replaces }));
      await client.closed;
      const texts = [written, viewer.received, client.received.slice(1), again.received].map((each) =>
        JSON.stringify(each),
      );
      for (const text of texts) {
        expect(text).not.toContain(replaces.sessionToken);
        expect(text).not.toContain(wrong.sessionToken);
      }
    });
  });

  test('a track that is sent by another session of the same user is refused as one that may be free soon', async () => {
    await onAir();
    const again = await open();
    await again.request('join', joinParams());
    const { error } = await again.request('offer', offer);
    expect(error?.data?.code).toBe('ERR_RELAY_SESSION_EXISTS');
    expect(error?.message).toContain('another session of yours');
  });
}
