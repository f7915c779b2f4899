import { afterEach, describe, expect, test } from 'vitest';
import type { Room, SfuRelay } from '../../../src/index.js';
import { fakeOffer } from '../../../src/testing/index.js';
import { eventually } from '../../support/eventually.js';
import { until } from '../../support/poll.js';
import { byToken, RoamingClient } from './clients.js';
import { CAMERA, join, type SharedStage, seenBy } from './stage.js';
import { beforeAsking, without } from './watched-backplane.js';

const SOON = { intervalMs: 2, timeoutMs: 10_000 };

/** A client whose connection breaks, and whose next one reaches another process. */
export function handingOverSuite(stage: SharedStage): void {
  describe('a session whose client comes back to another process', () => {
    let clients: RoamingClient[] = [];
    afterEach(() => {
      const faults = clients.flatMap((each) => each.faults);
      for (const client of clients) client.dispose();
      clients = [];
      expect(faults).toEqual([]);
    });

    const client = (relay: SfuRelay, token?: string) => {
      const made = new RoamingClient(relay, token);
      clients.push(made);
      return made;
    };
    const enter = async (relay: SfuRelay, user: string, tracks: (typeof CAMERA)[] = []) => {
      const made = client(relay);
      await made.enter(user, tracks);
      return made;
    };
    const say = (from: RoamingClient, text: string) =>
      from.request('message', { kind: 'chat', data: { text } });
    const chatOf = (of: RoamingClient) =>
      of.heard('message').map(({ data }) => (data as { text?: string }).text);
    const lose = async (lost: RoamingClient) => {
      const session = lost.relay.getSession(lost.session?.id ?? '');
      await lost.vanish();
      await until('the relay knows', () => session?.connection === 'detached', SOON);
    };
    /** The client has asked for another peer, as its relay wants it to. */
    const rejoin = async (of: RoamingClient, peer = 2, tracks: (typeof CAMERA)[] = []) => {
      await of.notified('rejoin');
      const offer = { type: 'offer', sdp: fakeOffer(tracks) };
      const { result, error } = await of.request('rejoin', { peer, offer });
      if (!result) throw new Error(error?.message);
      await of.request('leave', { peer: peer - 1 });
      return result;
    };
    const streamsOf = (user: string) =>
      [...stage.sfu.streams].map(({ uid }) => uid).filter((uid) => uid?.startsWith(`lobby/${user}/`)).length;

    test('goes on there: what both have missed comes once, nobody sees it leave, and the old peer stays until the new one is there', async () => {
      const [one, two] = stage.two();
      const alice = await enter(one, 'alice', [CAMERA]);
      const bob = await enter(two, 'bob');
      await eventually(() =>
        expect(seenBy(two.getSession(bob.session?.id ?? '') as never)).toHaveProperty('alice'),
      );
      const roster = bob.roster.length;
      await lose(alice);
      await say(bob, 'missed');
      const answered = say(alice, 'kept');
      alice.relay = two;
      const { result, error } = await alice.comeBack();
      expect(error).toBeUndefined();
      expect(result?.snapshot).toBeUndefined();
      expect((await answered).error).toBeUndefined();
      await say(bob, 'later');
      await eventually(() => expect(chatOf(alice)).toEqual(['missed', 'kept', 'later']));
      expect(chatOf(bob)).toEqual(['missed', 'kept', 'later']);
      expect(streamsOf('alice')).toBe(1);
      expect([one.sessions.size, two.sessions.size]).toEqual([0, 2]);
      expect(await rejoin(alice, 2, [{ ...CAMERA, trackId: 'again' } as never])).toMatchObject({ peer: 2 });
      await eventually(() => expect(streamsOf('alice')).toBe(1));
      await eventually(() =>
        expect(seenBy(two.getSession(bob.session?.id ?? '') as never)).toEqual({ alice: ['again'] }),
      );
      expect(bob.roster.slice(roster)).toEqual([]);
    });

    test('calls no onJoin and no onLeave', async () => {
      const calls: string[] = [];
      const hooks = { onJoin: () => void calls.push('join'), onLeave: () => void calls.push('leave') };
      const [one, two] = stage.two({ hooks });
      const alice = await enter(one, 'alice');
      await lose(alice);
      alice.relay = two;
      await alice.comeBack();
      await rejoin(alice);
      expect(calls).toEqual(['join']);
      await alice.request('leave');
      await eventually(() => expect(calls).toEqual(['join', 'leave']));
      await eventually(() => expect(stage.sfu.streams.size).toBe(0));
    });

    test('may come back once more, to either, as its reply was lost', async () => {
      const [one, two] = stage.two();
      const alice = await enter(one, 'alice');
      await lose(alice);
      const token = alice.session?.token;
      for (const relay of [two, one, two]) {
        alice.relay = relay;
        const { socket } = await alice.connect();
        socket.pause();
        const lost = alice.resume(token);
        await until(
          'it is there',
          () => relay.getSession(alice.session?.id ?? '')?.connection === 'connected',
          SOON,
        );
        await alice.vanish();
        await expect(lost).rejects.toThrow('closed with');
      }
      alice.relay = one;
      const { error } = await alice.comeBack();
      expect(error).toBeUndefined();
      expect((await say(alice, 'here')).error).toBeUndefined();
      await rejoin(alice);
      await eventually(() => expect(streamsOf('alice')).toBe(1));
    });

    test('is served by the newest of two connections, in different processes', async () => {
      const [one, two] = stage.two();
      const alice = await enter(one, 'alice');
      const first = alice.connection;
      alice.relay = two;
      expect((await alice.comeBack()).error).toBeUndefined();
      expect(await first.ended()).toBe(4409);
      expect((await say(alice, 'here')).error).toBeUndefined();
      expect(two.getSession(alice.session?.id ?? '')?.connection).toBe('connected');
    });

    test('gets a snapshot where too much was missed', async () => {
      const [one, two] = stage.two({ resumption: { maxFrames: 16 } as never });
      const alice = await enter(one, 'alice');
      const bob = await enter(two, 'bob');
      await lose(alice);
      for (let n = 0; n < 40; n += 1) await say(bob, `${n}`);
      alice.relay = two;
      const { result } = await alice.comeBack();
      expect(result?.snapshot).toMatchObject({
        sessionId: alice.session?.id,
        participants: [{ userId: 'bob' }],
      });
      await say(bob, 'later');
      await eventually(() => expect(chatOf(alice)).toEqual(['later']));
    });

    test('is refused to a wrong token, one that was replaced, and another user', async () => {
      const [one, two] = stage.two({ authenticate: byToken });
      const alice = client(one, 'alice');
      await alice.enter('alice');
      await lose(alice);
      alice.relay = two;
      const token = alice.session?.token;
      await alice.connect();
      expect((await alice.resume('x'.repeat(43))).error?.data.code).toBe('ERR_RELAY_FORBIDDEN');
      const mallory = client(two, 'mallory');
      const { id: sessionId } = alice.session ?? {};
      const stolen = { sessionId, sessionToken: token, received: 1 };
      await mallory.connect();
      expect((await mallory.request('resume', stolen)).error?.data.code).toBe('ERR_RELAY_FORBIDDEN');
      expect((await alice.resume()).error).toBeUndefined();
      await say(alice, 'confirms');
      await alice.vanish();
      alice.relay = one;
      await alice.connect();
      expect((await alice.resume(token)).error?.data.code).toBe('ERR_RELAY_FORBIDDEN');
      expect((await alice.resume()).error).toBeUndefined();
    });

    test('is refused to one who has been banned meanwhile', async () => {
      const [one, two] = stage.two({ authenticate: byToken });
      const alice = client(one, 'alice');
      await alice.enter('alice');
      await lose(alice);
      await two.ban('lobby', 'alice');
      alice.relay = two;
      await alice.connect();
      expect((await alice.resume()).error?.data.code).toMatch(/REMOVED|NOT_FOUND/);
      alice.forget();
      const offer = { type: 'offer', sdp: fakeOffer() };
      const { error } = await alice.request('join', { sid: 'lobby', offer });
      expect(error?.data.code).toBe('ERR_RELAY_REMOVED');
    });

    test('keeps its mutes, its grants and its metadata, and is seen by all as before', async () => {
      const hides = { authenticate: () => ({ grants: { hidden: true } }) };
      const [one, two] = [stage.relay(), stage.relay(hides)];
      const alice = client(one);
      await alice.enter('alice', [CAMERA], { metadata: { name: 'Alice' } });
      await alice.request('update', { tracks: [{ trackId: 'camera', muted: true }] });
      await one.updateGrants(alice.session?.id ?? '', { roomAdmin: true });
      const witness = await join(two, 'witness');
      await lose(alice);
      alice.relay = two;
      await alice.comeBack();
      const shown = {
        userId: 'alice',
        metadata: { name: 'Alice' },
        tracks: [{ trackId: 'camera', muted: true }],
      };
      await eventually(() => expect(witness.room.others(witness.id)).toMatchObject([shown]));
      expect(two.getSession(alice.session?.id ?? '')?.grants).toMatchObject({ roomAdmin: true });
    });

    test.each([
      ['its user is kicked', 'ERR_RELAY_REMOVED', (room: Room) => room.kick('alice')],
      ['the room ends', 'ERR_RELAY_ROOM_ENDED', (room: Room) => room.end()],
    ] as const)('does not go on where %s while it is on its way', async (_, code, act) => {
      const [one, two] = [
        stage.relay(),
        stage.relay(
          {},
          beforeAsking('collect', () => acted.then(() => true)),
        ),
      ];
      let go = () => {};
      const asked = new Promise<void>((resolve) => {
        go = resolve;
      });
      const acted = asked.then(() => act(witness.room));
      const witness = await join(one, 'witness');
      const alice = await enter(one, 'alice');
      await lose(alice);
      alice.relay = two;
      await alice.connect();
      const resumed = alice.resume();
      await until('the seat has moved', () => one.getSession(alice.session?.id ?? '') === undefined, SOON);
      go();
      expect((await resumed).error?.data.code).toBe(code);
      expect(two.sessions.size).toBe(0);
      await eventually(() => expect(streamsOf('alice')).toBe(0));
    });

    test('comes back while somebody else claims it', async () => {
      let claims = 0;
      let go = () => {};
      const gone = new Promise<boolean>((resolve) => {
        go = () => resolve(true);
      });
      const hold = () => {
        claims += 1;
        return claims > 1 || gone;
      };
      const [one, two] = [stage.relay(), stage.relay({}, beforeAsking('mayTake', hold))];
      const alice = await enter(one, 'alice');
      await lose(alice);
      const mallory = client(two);
      await mallory.connect();
      const { id: sessionId } = alice.session ?? {};
      const claim = mallory.request('resume', { sessionId, sessionToken: 'x'.repeat(43), received: 1 });
      await until('it is asked about', () => claims > 0, SOON);
      alice.relay = two;
      await alice.connect();
      const resumed = alice.resume();
      await alice.ping();
      go();
      expect((await claim).error?.data.code).toBe('ERR_RELAY_FORBIDDEN');
      expect((await resumed).error).toBeUndefined();
    });

    test.each(['mayTake', 'collect'])(
      'joins with "replaces" where the process that had it dies before it answers %s',
      async (method) => {
        const one = stage.relay();
        const two = stage.relay({}, without(method));
        const witness = await join(one, 'witness');
        const alice = await enter(one, 'alice');
        const { id: sessionId, token: sessionToken } = alice.session ?? {};
        await lose(alice);
        alice.relay = two;
        await alice.connect();
        expect((await alice.resume()).error?.data.code).toBe('ERR_RELAY_SESSION_NOT_FOUND');
        const again = client(two);
        await again.enter('alice', [], { replaces: { sessionId, sessionToken } });
        await eventually(() => expect(seenBy(witness)).toEqual({ alice: [] }));
        await eventually(() => expect([streamsOf('alice'), witness.room.size]).toEqual([1, 2]));
      },
    );
  });
}
