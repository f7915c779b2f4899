import { afterEach, describe, expect, test } from 'vitest';
import type { FetchHandler } from '../../../src/adapters/fetch.js';
import type { Backplane } from '../../../src/backplane/backplane.js';
import type { HttpOptions } from '../../../src/http/options.js';
import { chat, type SfuRelay, type SfuRelayOptions } from '../../../src/index.js';
import { fakeAnswer, fakeCandidate, fakeOffer } from '../../../src/testing/index.js';
import { eventually } from '../../support/eventually.js';
import type { EventReader } from '../event-reader.js';
import { RoamingClient } from './clients.js';
import { apiOf, HttpClient } from './http-client.js';
import { CAMERA, join, type SharedStage } from './stage.js';

const MOUNTED = { messages: { chat: chat() } };
const KEY = { 'idempotency-key': '"once"' };

/** A process that nobody hears of any more, once it is cut off. */
function cuttable() {
  const network = {
    isCut: false,
    wrap: (backplane: Backplane): Backplane => ({
      enter: (card, receive) => {
        if (network.isCut) return Promise.reject(new Error('the network is cut'));
        return backplane.enter(card, (text) => void (network.isCut || receive(text)));
      },
      processes: () => backplane.processes(),
      open: (...room) => backplane.open(...room),
      reserve: (...what) => backplane.reserve(...what),
      release: (...what) => backplane.release(...what),
      put: (...what) => backplane.put(...what),
      get: (key) => backplane.get(key),
      claim: (...what) => backplane.claim(...what),
      send: (...what) => (network.isCut ? true : backplane.send(...what)),
      close: () => backplane.close(),
    }),
  };
  return network;
}

/** Requests and event streams that a balancer brings to a process which does not have the session. */
export function elsewhereSuite(stage: SharedStage): void {
  describe('a session over HTTP in another process', () => {
    let clients: HttpClient[] = [];
    afterEach(async () => {
      await Promise.all(clients.map((client) => client.close()));
      clients = [];
    });

    const client = (token?: string) => {
      const made = new HttpClient(token);
      clients.push(made);
      return made;
    };
    const two = (options: Partial<SfuRelayOptions> = {}, http: HttpOptions = {}) => {
      const relays = stage.two({ ...MOUNTED, ...options });
      return [...relays, ...relays.map((relay) => apiOf(relay, http))] as [
        ...[SfuRelay, SfuRelay],
        ...[FetchHandler, FetchHandler],
      ];
    };
    const enter = async (api: FetchHandler, body: object = {}, token?: string) => {
      const made = client(token);
      expect((await made.create(api, body)).status).toBe(200);
      return made;
    };
    const say = (from: HttpClient, api: FetchHandler, text: string, headers = {}) =>
      from.signal(api, 'message', { kind: 'chat', data: { text } }, headers);
    const textsOf = ({ received }: EventReader): string[] =>
      received.flatMap(({ data }) => (data.method === 'message' ? [data.params.data.text] : []));
    const closeOf = async (reader: EventReader) =>
      (await reader.next(({ event }) => event === 'close')).data.code;

    test('takes every request there, and is left there', async () => {
      const [one, , here, there] = two();
      const alice = await enter(here);
      const own = (await alice.request(here, 'GET', '/stats')).body;
      expect((await alice.request(there, 'GET', '/stats')).body).toEqual(own);
      const offer = { type: 'offer', sdp: fakeOffer([CAMERA]) };
      expect((await alice.signal(there, 'offer', { desc: offer })).body.result).toMatchObject({
        type: 'answer',
      });
      const candidate = JSON.parse(fakeCandidate(4_711));
      expect((await alice.signal(there, 'update', { metadata: { hand: true } })).body).toMatchObject({
        result: {},
      });
      expect((await alice.signal(there, 'participants')).body).toMatchObject({
        result: { participants: [] },
      });
      expect((await say(alice, there, 'hello')).status).toBe(200);
      const note = { method: 'trickle', params: { target: 0, candidate } };
      expect((await alice.request(there, 'POST', '/signal', {}, note)).status).toBe(204);
      expect(one.sessions.size).toBe(1);
      expect((await alice.request(there, 'DELETE')).body).toEqual({ code: 0, message: 'success' });
      expect(one.sessions.size).toBe(0);
    });

    test('refuses with the same error as its own process', async () => {
      const [, , here, there] = two();
      const alice = await enter(here);
      const refused: [string, string, object?][] = [
        ['POST', '/signal', { id: 1, method: 'answer', params: { desc: { type: 'answer', sdp: 'v=0' } } }],
        ['POST', '/signal', { id: 1, method: 'nothing' }],
        ['POST', '/signal', { id: 1, method: 'message', params: { kind: 'poem' } }],
      ];
      for (const [method, path, body] of refused) {
        const own = await alice.request(here, method, path, {}, body);
        const { status, body: error } = await alice.request(there, method, path, {}, body);
        expect(own.status).toBeGreaterThanOrEqual(400);
        expect([status, error]).toEqual([own.status, own.body]);
      }
      alice.sessionId = 'nobody';
      expect((await alice.request(there, 'GET', '/stats')).body).toEqual(
        (await alice.request(here, 'GET', '/stats')).body,
      );
    });

    test('belongs to its user: by the session token, or by the name that the application gives', async () => {
      const authenticate: SfuRelayOptions['authenticate'] = ({ token }) =>
        token === undefined ? {} : { userId: token };
      const [one, , here, there] = two({ authenticate });
      const alice = await enter(here);
      const thief = await enter(there);
      thief.sessionId = alice.sessionId;
      expect((await thief.request(there, 'GET', '/stats')).status).toBe(403);
      const bob = await enter(here, {}, 'bob');
      expect((await bob.request(there, 'GET', '/stats')).status).toBe(200);
      const carol = client('carol');
      carol.sessionId = bob.sessionId;
      expect((await carol.request(there, 'DELETE')).status).toBe(403);
      const nameless = client();
      nameless.sessionId = alice.sessionId;
      expect((await nameless.request(there, 'DELETE')).status).toBe(403);
      const made = await join(one, 'dave', { principal: { userId: 'dave' } });
      const dave = client('dave');
      dave.sessionId = made.id;
      await eventually(async () => expect((await dave.request(there, 'GET', '/stats')).status).toBe(200));
    });

    test('lasts as long as the newest token that any process has seen', async () => {
      const soon = Date.now() + 60_000;
      const authenticate: SfuRelayOptions['authenticate'] = ({ token }) => ({
        ...{ userId: 'alice', expiresAt: soon + Number(token), seat: token },
        grants: { canPublish: token !== '1' },
      });
      const [one, , here, there] = two({ authenticate });
      const alice = await enter(here, {}, '0');
      const later = client('1');
      later.sessionId = alice.sessionId;
      expect((await later.request(there, 'GET', '/stats')).status).toBe(200);
      const session = one.getSession(alice.sessionId);
      expect(session?.principal).toMatchObject({ expiresAt: soon + 1, seat: '0' });
      expect(session?.grants).toMatchObject({ canPublish: false });
    });

    test('has its events where the client is; a stream that breaks goes on in any process, and nothing is lost or comes twice', async () => {
      const [one, , here, there] = two();
      const alice = await enter(here);
      const bob = await enter(there, { user_id: 'bob' });
      let reader = await alice.events(there);
      expect(await reader.notified('joined')).toMatchObject({ sessionId: alice.sessionId });
      await join(one, 'carol', {}, [CAMERA]);
      const { sdp } = await reader.notified('offer');
      const answer = { method: 'answer', params: { desc: { type: 'answer', sdp: fakeAnswer(sdp) } } };
      expect((await alice.request(there, 'POST', '/signal', {}, answer)).status).toBe(204);
      const texts: string[] = [];
      const methods: string[] = [];
      for (let n = 0; n < 4; n += 1) {
        await say(bob, there, `${n}`);
        await eventually(() => expect(textsOf(reader)).toContain(`${n}`));
        await reader.close();
        await say(bob, there, `${n}, missed`);
        texts.push(...textsOf(reader));
        methods.push(...reader.methods());
        const last = reader.received.at(-1)?.id ?? '';
        reader = await alice.events(n % 2 ? there : here, { 'last-event-id': last });
      }
      await eventually(() => expect(textsOf(reader)).toContain('3, missed'));
      texts.push(...textsOf(reader));
      methods.push(...reader.methods());
      expect(texts).toEqual([0, 1, 2, 3].flatMap((n) => [`${n}`, `${n}, missed`]));
      expect(methods.filter((method) => method === 'joined' || method === 'offer')).toEqual([
        'joined',
        'offer',
      ]);
    });

    test('has one stream: the newest ends the one before, whichever processes have them', async () => {
      const [, , here, there] = two();
      const alice = await enter(here);
      const first = await alice.events(there);
      await first.notified('joined');
      const second = await alice.events(here);
      expect(await closeOf(first)).toBe(4409);
      await second.notified('joined');
      const third = await alice.events(there);
      expect(await closeOf(second)).toBe(4409);
      await third.notified('joined');
    });

    test('ends with its stream when it ends: by a kick, and as its own process closes', async () => {
      const [one, two_, here, there] = two();
      const [alice, bob] = [await enter(here), await enter(here, { user_id: 'bob' })];
      const readers = [await alice.events(there), await bob.events(there)] as const;
      for (const reader of readers) await reader.notified('joined');
      await join(two_, 'carol');
      await two_.rooms.get('lobby')?.kick('bob');
      expect(await closeOf(readers[1])).toBe(4403);
      await readers[1].ended;
      await one.close();
      // The last piece may be lost on a bad network, and the process is gone.
      expect([1001, 4503]).toContain(await closeOf(readers[0]));
      await readers[0].ended;
    });

    test('goes on when the process of its stream closes', async () => {
      const [one, two_, here, there] = two();
      const alice = await enter(here);
      const reader = await alice.events(there);
      await reader.notified('joined');
      await two_.close();
      await reader.ended;
      expect(reader.received.filter(({ event }) => event === 'close')).toEqual([]);
      const last = { 'last-event-id': reader.received.at(-1)?.id ?? '' };
      const next = await alice.events(here, last);
      await say(alice, here, 'here');
      await next.notified('message');
      expect(one.sessions.size).toBe(1);
    });

    test('ends as one whose client has gone when nobody hears of the process of its stream', async () => {
      const http = { slowConsumerTimeoutMs: 500, orphanTimeoutMs: 1_000, heartbeatIntervalMs: 100 };
      const one = stage.relay(MOUNTED);
      const network = cuttable();
      const other = stage.relay(MOUNTED, network.wrap);
      const alice = await enter(apiOf(one, http));
      const reader = await alice.events(apiOf(other, http));
      await reader.notified('joined');
      network.isCut = true;
      await eventually(() => expect(one.sessions.size).toBe(0));
    });

    test('says that its process is gone, and that one may try again', async (context) => {
      if (!stage.canLose) context.skip();
      const other = stage.relay(MOUNTED);
      const there = apiOf(other);
      const network = cuttable();
      const alice = await enter(apiOf(stage.relay(MOUNTED, network.wrap)));
      const reader = await alice.events(there);
      await reader.notified('joined');
      network.isCut = true;
      await stage.lose();
      expect(await closeOf(reader)).toBe(4503);
      await reader.ended;
      const answers = [
        await alice.request(there, 'GET', '/stats'),
        await alice.request(there, 'GET', '/events'),
      ];
      for (const { status, body } of answers)
        expect([status, body.data]).toEqual([503, { code: 'ERR_RELAY_UNAVAILABLE', retryable: true }]);
    });

    test('executes a request with an Idempotency-Key once, whichever processes it reaches', async () => {
      const [one, other, here, there] = two();
      const alice = await enter(here);
      const reader = await alice.events(here);
      await reader.notified('joined');
      const bob = await enter(there, { user_id: 'bob' });
      const answers = [];
      for (const api of [here, there, here, there]) answers.push(await say(bob, api, 'hello', KEY));
      expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
      const replayed = answers.map(({ headers }) => headers.get('idempotent-replayed'));
      expect(replayed).toEqual([null, 'true', 'true', 'true']);
      expect((await say(bob, here, 'another body', KEY)).status).toBe(422);
      await say(bob, there, 'the end');
      await eventually(() => expect(textsOf(reader)).toEqual(['hello', 'the end']));
      for (const api of [here, there, here])
        expect((await bob.request(api, 'DELETE', '', KEY)).body).toEqual({ code: 0, message: 'success' });
      expect([one.sessions.size, other.sessions.size]).toEqual([1, 0]);
    });

    test('is created once by a request with an Idempotency-Key, also if all processes get it at once', async () => {
      const [one, other, here, there] = two();
      const alice = client();
      const answers = await Promise.all([here, there, here, there].map((api) => alice.create(api, {}, KEY)));
      expect(new Set(answers.map(({ body }) => body.data.session_id)).size).toBe(1);
      expect(one.sessions.size + other.sessions.size).toBe(1);
      expect((await alice.request(there, 'DELETE')).status).toBe(200);
      const [again, more] = [await alice.create(there, {}, KEY), await alice.create(here, {}, KEY)];
      expect(again.body.data.session_id).not.toBe(answers[0]?.body.data.session_id);
      expect(more.body).toEqual(again.body);
    });

    test('is created once more if the process is gone that has created it, by one of several requests', async () => {
      const [one, other, here, there] = two();
      const third = stage.relay(MOUNTED);
      const alice = client();
      const before = await alice.create(apiOf(third), {}, KEY);
      await third.close();
      const answers = await Promise.all([here, there, here, there].map((api) => alice.create(api, {}, KEY)));
      const ids = new Set(answers.map(({ body }) => body.data.session_id));
      expect(ids.size).toBe(1);
      expect([...ids]).not.toContain(before.body.data.session_id);
      expect(one.sessions.size + other.sessions.size).toBe(1);
    });

    test('moves from its WebSocket to an event stream of another process', async () => {
      const [one, , , there] = two();
      const socket = new RoamingClient(one);
      const { sessionId, sessionToken } = (await socket.enter('alice')) as Record<string, string>;
      const alice = client();
      alice.assume(String(sessionId), String(sessionToken));
      const reader = await alice.events(there);
      expect(await reader.notified('joined')).toMatchObject({ sessionId });
      expect(await socket.connection.ended()).toBe(4409);
      expect((await say(alice, there, 'here')).status).toBe(200);
      expect(one.sessions.size).toBe(1);
      socket.dispose();
    });
  });
}
