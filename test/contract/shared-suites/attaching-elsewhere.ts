import { afterEach, describe, expect, test } from 'vitest';
import { chat, RelayError, type SfuRelay } from '../../../src/index.js';
import { fakeOffer } from '../../../src/testing/index.js';
import { eventually } from '../../support/eventually.js';
import { until } from '../../support/poll.js';
import { RoamingClient } from './clients.js';
import { apiOf, HttpClient } from './http-client.js';
import { CAMERA, join, type SharedStage } from './stage.js';

const MOUNTED = { messages: { chat: chat() } };
const SOON = { intervalMs: 2, timeoutMs: 10_000 };

/** WebSockets that a balancer brings to a process which does not have the session that they attach. */
export function attachingElsewhereSuite(stage: SharedStage): void {
  describe('a session that is attached to a WebSocket of another process', () => {
    let sockets: RoamingClient[] = [];
    let clients: HttpClient[] = [];
    afterEach(async () => {
      const faults = sockets.flatMap((each) => each.faults);
      // A session that waits for its client would make its relay wait.
      await Promise.all(sockets.map((socket) => socket.close()));
      for (const socket of sockets) socket.dispose();
      await Promise.all(clients.map((client) => client.close()));
      [sockets, clients] = [[], []];
      expect(faults).toEqual([]);
    });

    const connect = async (relay: SfuRelay) => {
      const socket = new RoamingClient(relay);
      sockets.push(socket);
      await socket.connect();
      return socket;
    };
    /** A session that was created over HTTP by the first of two relays. */
    const begin = async () => {
      const [one, other] = stage.two(MOUNTED);
      const [here, there] = [apiOf(one), apiOf(other)];
      const alice = new HttpClient();
      clients.push(alice);
      expect((await alice.create(here)).status).toBe(200);
      return { one, other, here, there, alice };
    };
    const attach = async (socket: RoamingClient, { sessionId, sessionToken }: HttpClient, params = {}) => {
      const capabilities = ['resume', 'rejoin'];
      const answer = await socket.request('attach', { sessionId, sessionToken, capabilities, ...params });
      if (socket.session) socket.session.token = sessionToken;
      return answer;
    };
    const rejoin = async (socket: RoamingClient) => {
      await socket.notified('rejoin');
      const offer = { type: 'offer', sdp: fakeOffer() };
      expect((await socket.request('rejoin', { peer: 2, offer })).error).toBeUndefined();
      await socket.request('leave', { peer: 1 });
    };
    const say = (from: RoamingClient, text: string) =>
      from.request('message', { kind: 'chat', data: { text } });
    const chatOf = (of: RoamingClient) =>
      of.heard('message').map(({ data }) => (data as { text?: string }).text);

    test('gets what its event stream has not delivered, and is served there', async () => {
      const { one, other, there, alice } = await begin();
      const reader = await alice.events(there);
      const { id: lastEventId } = await reader.next(({ data }) => data.method === 'joined');
      await reader.close();
      const bob = await connect(other);
      await bob.enter('bob', [CAMERA]);
      await say(bob, 'missed');
      const socket = await connect(other);
      const { result } = await attach(socket, alice, { lastEventId });
      expect(result).toMatchObject({ sessionId: alice.sessionId, capabilities: ['rejoin', 'resume'] });
      await socket.notified('offer');
      expect((await say(socket, 'hello')).error).toBeUndefined();
      await eventually(() => expect(chatOf(bob)).toEqual(['missed', 'hello']));
      const { messages = [] } = result as { messages?: { data: { text: string } }[] };
      const known = messages.map(({ data }) => data.text);
      await eventually(() => expect([...known, ...chatOf(socket)]).toEqual(['missed', 'hello']));
      const desc = { type: 'offer', sdp: fakeOffer([{ ...CAMERA, trackId: 'own' }]) };
      expect((await socket.request('offer', { desc })).result).toMatchObject({ type: 'answer' });
      expect((await alice.signal(there, 'ping')).status).toBe(409);
      expect([...one.sessions.values()].map(({ connection }) => connection)).toEqual(['connected']);
      expect((await socket.request('leave')).error).toBeUndefined();
      await eventually(() => expect(one.sessions.size).toBe(0));
    });

    test('is executed in order, also what follows at once', async () => {
      const { one, other, alice } = await begin();
      const bob = await connect(one);
      await bob.enter('bob');
      const socket = await connect(other);
      const attached = attach(socket, alice);
      const said = Array.from({ length: 20 }, (_, n) => say(socket, String(n)));
      expect((await attached).error).toBeUndefined();
      expect((await Promise.all(said)).filter(({ error }) => error)).toEqual([]);
      await eventually(() => expect(chatOf(bob)).toEqual(said.map((_, n) => String(n))));
    });

    test('is resumed in any process when that WebSocket breaks', async () => {
      const { one, other, alice } = await begin();
      const bob = await connect(one);
      await bob.enter('bob');
      const socket = await connect(other);
      await attach(socket, alice);
      for (const [n, relay] of [one, other].entries()) {
        const session = (n === 0 ? one : socket.relay).getSession(alice.sessionId);
        await socket.ping();
        await socket.vanish();
        await until('it is known', () => session?.connection === 'detached', SOON);
        await say(bob, `missed ${n}`);
        socket.relay = relay;
        expect((await socket.comeBack()).error).toBeUndefined();
        await say(bob, `heard ${n}`);
      }
      await eventually(() =>
        expect(chatOf(socket)).toEqual([0, 1].flatMap((n) => [`missed ${n}`, `heard ${n}`])),
      );
      expect([one.sessions.size, other.sessions.size]).toEqual([1, 1]);
      await rejoin(socket);
    });

    test('is refused to others, whose connection is as before', async () => {
      const { other, alice } = await begin();
      const socket = await connect(other);
      const { sessionId } = alice;
      const wrong = [
        { sessionId, sessionToken: 'guessed' },
        { sessionId, sessionToken: { toString: 1 } },
        { sessionId },
        { sessionId: 'nobody', sessionToken: 'guessed' },
      ];
      const codes = [];
      for (const params of wrong) codes.push((await socket.request('attach', params)).error?.data.code);
      expect(codes).toEqual([...Array(3).fill('ERR_RELAY_FORBIDDEN'), 'ERR_RELAY_SESSION_NOT_FOUND']);
      const offer = { type: 'offer', sdp: fakeOffer() };
      expect((await socket.join({ sid: 'lobby', uid: 'mallory', offer })).error).toBeUndefined();
      expect([...other.sessions.values()].map(({ userId }) => userId)).toEqual(['mallory']);
    });

    test('passes the rate limiter once, where its client is, and is looked for only if it may', async () => {
      const passed: string[] = [];
      let isFull = false;
      const limited = (name: string) =>
        stage.relay({
          ...MOUNTED,
          rateLimiter: {
            consume({ method }) {
              if (method === 'connect') return;
              passed.push(`${method} ${name}`);
              if (isFull) throw new RelayError('ERR_RELAY_TOO_MANY', 'It is full.', { retryAfterMs: 50 });
            },
          },
        });
      const [one, other] = [limited('one'), limited('other')];
      const alice = new HttpClient();
      clients.push(alice);
      await alice.create(apiOf(one));
      const socket = await connect(other);
      passed.length = 0;
      for (const guess of [{ sessionToken: 'guessed' }, { sessionId: 'nobody' }])
        expect((await attach(socket, alice, guess)).error).toBeDefined();
      expect(passed.splice(0)).toEqual(['attach other', 'attach other']);
      isFull = true;
      expect((await attach(socket, alice)).error?.data).toMatchObject({ code: 'ERR_RELAY_TOO_MANY' });
      isFull = false;
      expect([...one.sessions.values()].map(({ connection }) => connection)).toEqual(['connected']);
      passed.length = 0;
      expect((await attach(socket, alice)).error).toBeUndefined();
      await say(socket, 'hello');
      const counted = passed.filter((each) => /^(attach|message) /.test(each));
      expect(counted).toEqual(['attach other', 'message one']);
    });

    test('is sent away with the codes of its own process: by a kick, and as that closes', async () => {
      const { one, other, here, alice } = await begin();
      const bob = new HttpClient();
      await bob.create(here, { user_id: 'bob' });
      const [first, second] = [await connect(other), await connect(other)];
      await attach(first, alice);
      await attach(second, bob);
      await join(other, 'carol');
      await other.rooms.get('lobby')?.kick('bob');
      expect(await second.connection.ended()).toBe(4403);
      const closed = one.close({ timeoutMs: 5_000 });
      expect(await first.connection.ended()).toBe(1012);
      first.relay = other;
      expect((await first.comeBack()).error).toBeUndefined();
      await rejoin(first);
      await closed;
    });

    test('need not send again what was too long for its WebSocket, nor what was no text', async () => {
      const { one, other, alice } = await begin();
      const socket = await connect(other);
      await attach(socket, alice);
      socket.session?.counts.keep('binary');
      socket.connection.socket.send(new Uint8Array([1, 2, 3]));
      expect((await say(socket, 'here')).error).toBeUndefined();
      socket.sendText(JSON.stringify({ method: 'ping', params: { pad: 'x'.repeat(300_000) } }));
      expect(await socket.connection.ended()).toBe(4413);
      const session = one.getSession(alice.sessionId);
      await until('it is known', () => session?.connection === 'detached', SOON);
      socket.relay = one;
      expect((await socket.comeBack()).error).toBeUndefined();
      expect(socket.session?.counts.unacknowledged).toEqual([]);
      expect((await say(socket, 'still here')).error).toBeUndefined();
    });

    test('goes on when the process of the WebSocket closes', async () => {
      const { one, other, alice } = await begin();
      const socket = await connect(other);
      await attach(socket, alice);
      await socket.ping();
      await other.close();
      expect(await socket.connection.ended()).toBe(1012);
      socket.relay = one;
      expect((await socket.comeBack()).error).toBeUndefined();
      expect((await say(socket, 'here')).error).toBeUndefined();
    });
  });
}
