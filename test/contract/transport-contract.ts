import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Authenticate,
  anonymous,
  type ConnectionOptions,
  RelayError,
  SfuRelay,
} from '../../src/index.js';
import { SUBPROTOCOL } from '../../src/signal/protocol.js';
import {
  fakeAnswer,
  fakeOffer,
  type ScriptedSfu,
  type ScriptedStream,
  startScriptedSfu,
} from '../../src/testing/index.js';
import { until } from '../support/poll.js';
import type { Connect } from './client-socket.js';
import { WireClient } from './wire-client.js';

/** A server of one transport, listening on a free port of 127.0.0.1. */
export interface ContractServer {
  connect: Connect;
  stop(): Promise<void>;
}

/** What every transport has to do, whatever it is made of. */
export function transportContract(
  name: string,
  serve: (relay: SfuRelay, options: ConnectionOptions) => Promise<ContractServer>,
): void {
  describe(`the wire over ${name}`, () => {
    let sfu: ScriptedSfu;
    let relay: SfuRelay;
    let server: ContractServer;

    async function start(options: ConnectionOptions & { authenticate?: Authenticate } = {}) {
      const { authenticate = anonymous(), ...connection } = options;
      await relay?.close({ timeoutMs: 500 });
      await server?.stop();
      relay = new SfuRelay({
        sfu: { serverUrl: sfu.address },
        authenticate,
        iceServers: [{ urls: 'stun:stun.example.org' }],
      });
      server = await serve(relay, connection);
    }

    const open = (protocols = [SUBPROTOCOL], headers: Record<string, string> = {}, query = '') =>
      WireClient.open(server.connect(protocols, headers, query));

    const joinParams = (overrides: object = {}) => ({
      sid: 'lobby',
      uid: 'alice',
      offer: { type: 'offer', sdp: fakeOffer() },
      ...overrides,
    });

    async function joined(overrides: object = {}): Promise<{ client: WireClient; stream: ScriptedStream }> {
      const client = await open();
      const { result, error } = await client.request('join', joinParams(overrides));
      if (!result) throw new Error(error?.message);
      const place = [result.roomId, result.userId, result.sessionId].map(String).map(encodeURIComponent);
      const stream = await sfu.waitFor(() => sfu.stream(place.join('/')));
      return { client, stream };
    }

    async function expectNothingLeft() {
      await until(
        'the relay has no session and no stream',
        () => relay.sessions.size + relay.streamCount === 0,
      );
      await sfu.waitFor(() => sfu.streams.size === 0);
    }

    beforeEach(async () => {
      sfu = await startScriptedSfu();
      await start();
    });

    afterEach(async () => {
      await relay.close({ timeoutMs: 500 });
      await server.stop();
      await sfu.stop();
    });

    describe('the handshake', () => {
      test('answers with sfu-relay.v1, and never echoes the token', async () => {
        expect((await open()).protocol).toBe('sfu-relay.v1');
        expect((await open(['bearer.secret', 'sfu-relay.v1'])).protocol).toBe('sfu-relay.v1');
      });

      test('serves a client that offers no subprotocol', async () => {
        const client = await open([]);
        expect((await client.request('ping')).result).toEqual({});
      });

      test('closes a client that speaks only others with 4406', async () => {
        const client = new WireClient(server.connect(['graphql-ws'], {}, ''));
        const { code } = await client.closed;
        // ws clients end a handshake without an agreed subprotocol themselves.
        expect([4406, 1006]).toContain(code);
      });
    });

    describe('authentication', () => {
      const bySecret: Authenticate = ({ token }) => {
        if (token !== 'secret') throw new Error(`bad token ${token}: do not tell`);
        return { userId: '789', grants: { room: 'lobby' } };
      };

      test.each([
        ['the Authorization header', () => open([], { authorization: 'Bearer secret' })],
        ['a subprotocol entry', () => open(['sfu-relay.v1', 'bearer.secret'])],
        ['the query', () => open([], {}, '?token=secret')],
      ])('takes the token from %s; what it says of the user wins', async (_, connect) => {
        await start({ authenticate: bySecret });
        const client = await connect();
        const { result } = await client.request('join', joinParams({ uid: 'mallory' }));
        expect(result).toMatchObject({ userId: '789', roomId: 'lobby' });
      });

      test('takes the token from a first authenticate request', async () => {
        await start({ authenticate: bySecret });
        const client = await open();
        expect((await client.request('authenticate', { token: 'secret' })).result).toEqual({ userId: '789' });
        expect((await client.request('join', joinParams())).result).toMatchObject({ userId: '789' });
        expect((await client.request('authenticate', { token: 'secret' })).error?.data?.code).toBe(
          'ERR_RELAY_INVALID_STATE',
        );
      });

      test('answers what came while it was under way, in order', async () => {
        let admit = () => {};
        const gate = new Promise<void>((resolve) => {
          admit = resolve;
        });
        await start({ authenticate: () => gate.then(() => ({ userId: '1' })) });
        const client = await open();
        const answers = Promise.all([client.request('ping'), client.request('join', joinParams())]);
        admit();
        await answers;
        expect(client.received.map(({ id }) => id).slice(0, 2)).toEqual([1, 2]);
      });

      test('closes with 4401 and a plain sentence, the reason kept from the client', async () => {
        await start({ authenticate: bySecret });
        const client = await open(['sfu-relay.v1', 'bearer.wrong']);
        expect(await client.closed).toEqual({ code: 4401, reason: 'Authentication failed.' });
      });

      test('answers the request first, where it was asked by one', async () => {
        await start({ authenticate: bySecret });
        const client = await open();
        expect(await client.request('authenticate', { token: 'wrong' })).toMatchObject({
          error: {
            code: -32001,
            message: 'Authentication failed.',
            data: { code: 'ERR_RELAY_UNAUTHENTICATED' },
          },
        });
        expect((await client.closed).code).toBe(4401);
      });

      test('a RelayError of the application reaches the client as it is', async () => {
        await start({
          authenticate: () => {
            throw new RelayError('ERR_RELAY_FORBIDDEN', 'Your subscription ended yesterday.');
          },
        });
        const client = await open(['sfu-relay.v1', 'bearer.x']);
        expect(await client.closed).toEqual({ code: 4403, reason: 'Your subscription ended yesterday.' });
      });

      test('cuts a long reason by bytes, not within a character', async () => {
        await start({
          authenticate: () => {
            throw new RelayError('ERR_RELAY_FORBIDDEN', `a${'é'.repeat(100)}`);
          },
        });
        const client = await open(['sfu-relay.v1', 'bearer.x']);
        expect((await client.closed).reason).toBe(`a${'é'.repeat(61)}`);
      });

      test('a client that says nothing is closed with 4408', async () => {
        await start({ handshakeTimeoutMs: 50 });
        const client = await open();
        expect((await client.closed).code).toBe(4408);
      });

      test('grants are enforced: another room is refused, the connection stays', async () => {
        await start({ authenticate: () => ({ userId: '1', grants: { room: 'lobby', canPublish: false } }) });
        const client = await open();
        const elsewhere = await client.request('join', joinParams({ sid: 'vault' }));
        expect(elsewhere.error).toMatchObject({ code: -32003, data: { code: 'ERR_RELAY_FORBIDDEN' } });
        const asPublisher = await client.request('join', joinParams({ role: 'publisher' }));
        expect(asPublisher.error?.data?.code).toBe('ERR_RELAY_FORBIDDEN');
        expect((await client.request('join', joinParams())).result).toMatchObject({ role: 'subscriber' });
      });
    });

    describe('malformed messages', () => {
      test.each([
        ['no JSON', '{"jsonrpc":', null, -32700, 'ERR_RELAY_PARSE'],
        ['a batch', '[{"id":1,"method":"ping"}]', null, -32600, 'ERR_RELAY_INVALID_REQUEST'],
        ['a JSON string', '"ping"', null, -32600, 'ERR_RELAY_INVALID_REQUEST'],
        ['null', 'null', null, -32600, 'ERR_RELAY_INVALID_REQUEST'],
        [
          'another version',
          '{"jsonrpc":"1.0","id":91,"method":"ping"}',
          91,
          -32600,
          'ERR_RELAY_INVALID_REQUEST',
        ],
        ['an id that is an object', '{"id":{},"method":"ping"}', null, -32600, 'ERR_RELAY_INVALID_REQUEST'],
        ['no method', '{"id":"a"}', 'a', -32600, 'ERR_RELAY_INVALID_REQUEST'],
        ['params in a list', '{"id":2,"method":"ping","params":[1]}', 2, -32602, 'ERR_RELAY_INVALID_PARAMS'],
        ['an unknown method', '{"id":3,"method":"fly"}', 3, -32601, 'ERR_RELAY_METHOD_NOT_FOUND'],
        ['a method of Object', '{"id":4,"method":"constructor"}', 4, -32601, 'ERR_RELAY_METHOD_NOT_FOUND'],
        [
          'a __proto__ key',
          '{"id":5,"method":"join","params":{"__proto__":{"sid":"x"}}}',
          5,
          -32602,
          'ERR_RELAY_INVALID_PARAMS',
        ],
        [
          'an offer before the join',
          '{"id":6,"method":"offer","params":{}}',
          6,
          -32010,
          'ERR_RELAY_INVALID_STATE',
        ],
        ['a leave before the join', '{"id":7,"method":"leave"}', 7, -32010, 'ERR_RELAY_INVALID_STATE'],
      ])('%s gets its error, and the connection goes on', async (_, text, id, code, name) => {
        const client = await open();
        client.send(text);
        const answer = await client.next(() => true);
        expect(answer).toMatchObject({ jsonrpc: '2.0', id, error: { code, data: { code: name } } });
        expect((await client.request('ping')).result).toEqual({});
      });

      test('a binary frame gets an error, and the connection goes on', async () => {
        const client = await open();
        client.sendBinary(Buffer.from('{"id":1,"method":"ping"}'));
        expect((await client.next(() => true)).error?.code).toBe(-32600);
        expect((await client.request('ping')).result).toEqual({});
      });

      test('a message at maxMessageBytes is read, one byte more closes with 4413', async () => {
        await start({ maxMessageBytes: 2_000 });
        const client = await open();
        const padded = (bytes: number) => {
          const empty = JSON.stringify({ id: 1, method: 'ping', params: { pad: '' } });
          return JSON.stringify({ id: 1, method: 'ping', params: { pad: 'x'.repeat(bytes - empty.length) } });
        };
        client.send(padded(2_000));
        expect((await client.next(() => true)).result).toEqual({});
        client.send(padded(2_001));
        expect((await client.closed).code).toBe(4413);
      });
    });

    describe('joining', () => {
      test('gives the answer, the identity, the room and the ICE servers', async () => {
        const { client } = await joined();
        const { result } = await client.next(({ id }) => id === 1);
        expect(result).toMatchObject({
          type: 'answer',
          sdp: expect.stringContaining('a=ice-ufrag'),
          roomId: 'lobby',
          userId: 'alice',
          role: 'publisher',
          participants: [],
          iceServers: [{ urls: 'stun:stun.example.org' }],
        });
      });

      test('serves a client that leaves jsonrpc out, as ion-sdk-js does', async () => {
        const client = await open([]);
        client.send({ id: 'a', method: 'join', params: joinParams() });
        expect(await client.next(({ id }) => id === 'a')).toMatchObject({
          jsonrpc: '2.0',
          result: { type: 'answer' },
        });
      });

      test('makes up a user where nobody says who it is', async () => {
        const client = await open();
        const { result } = await client.request('join', joinParams({ uid: undefined }));
        expect(result?.userId).toMatch(/^guest-[0-9a-f]{8}$/);
      });

      test.each([
        ['no offer', { offer: undefined }, 'ERR_RELAY_INVALID_PARAMS'],
        [
          'an answer for an offer',
          { offer: { type: 'answer', sdp: fakeOffer() } },
          'ERR_RELAY_INVALID_PARAMS',
        ],
        ['an sdp that is no text', { offer: { type: 'offer', sdp: 1 } }, 'ERR_RELAY_INVALID_SDP'],
        ['no room', { sid: undefined }, 'ERR_RELAY_INVALID_PARAMS'],
        ['a room that is a number', { sid: 5 }, 'ERR_RELAY_INVALID_PARAMS'],
        ['an unknown role', { role: 'root' }, 'ERR_RELAY_INVALID_PARAMS'],
        ['a config that is a list', { config: [] }, 'ERR_RELAY_INVALID_PARAMS'],
      ])('with %s is refused; a right one is taken afterwards', async (_, overrides, code) => {
        const client = await open();
        expect((await client.request('join', joinParams(overrides))).error?.data?.code).toBe(code);
        expect((await client.request('join', joinParams())).result).toBeDefined();
        expect(sfu.totalStreams).toBe(1);
      });

      test('NoPublish and NoSubscribe never reach the SFU', async () => {
        const { client, stream } = await joined({ config: { NoPublish: 'true', NoSubscribe: true } });
        expect((await client.next(({ id }) => id === 1)).result).toMatchObject({ role: 'subscriber' });
        expect(stream.requests('join')[0]?.config).toEqual({ NoAutoSubscribe: 'true' });
      });

      test('twice on a connection is refused; after leave it is possible', async () => {
        const { client, stream } = await joined();
        expect((await client.request('join', joinParams())).error?.data?.code).toBe(
          'ERR_RELAY_INVALID_STATE',
        );
        expect((await client.request('leave')).result).toEqual({});
        expect(await stream.ended).toBe('half-closed');
        expect((await client.request('join', joinParams())).result).toBeDefined();
      });

      test('can be left while it is under way, and joined again at once', async () => {
        const { onJoin } = sfu.ion;
        sfu.script.onJoin = () => {};
        const client = await open();
        const first = client.request('join', joinParams());
        await sfu.waitFor(() => sfu.received.some(({ request }) => request.payload?.$case === 'join'));
        sfu.script.onJoin = onJoin;
        const left = client.request('leave');
        const second = client.request('join', joinParams());
        expect((await first).error?.data?.code).toBe('ERR_RELAY_ABORTED');
        expect((await left).result).toEqual({});
        expect((await second).result).toBeDefined();
      });

      test('candidates that overtake the join are handed on after it', async () => {
        const client = await open();
        const candidate = { candidate: 'candidate:1 1 udp 2130706431 127.0.0.1 9 typ host', sdpMid: '0' };
        client.notify('trickle', { target: 0, candidate });
        client.notify('trickle', { target: 1, candidate: { candidate: 'nonsense' } });
        await client.request('join', joinParams());
        const refused = await client.next(({ error }) => error !== undefined);
        expect(refused).toMatchObject({
          id: null,
          error: { data: { code: 'ERR_RELAY_INVALID_SDP', method: 'trickle' } },
        });
        const [stream] = sfu.streams;
        await sfu.waitFor(() => stream?.requests('trickle').length === 2);
        // The first one opens the stream, before the join.
        expect(JSON.parse(stream?.requests('trickle')[1]?.init ?? '')).toEqual(candidate);
      });

      test('with the SFU down says so at once, and works when it is back', async () => {
        await sfu.stop();
        const client = await open();
        const { error } = await client.request('join', joinParams());
        expect(error).toMatchObject({ data: { code: 'ERR_RELAY_SFU_UNAVAILABLE', retryable: true } });
        expect(error?.message).toBe("The SFU can't be reached.");
        await sfu.restart();
        await until('a join succeeds', async () => (await client.request('join', joinParams())).result);
      });

      test('a socket that closes during the join ends the stream on the SFU', async () => {
        sfu.script.onJoin = () => {};
        const client = await open();
        client.send({ id: 1, method: 'join', params: joinParams() });
        const stream = await sfu.waitFor(() =>
          [...sfu.streams].find((each) => each.requests('join').length > 0),
        );
        client.vanish();
        await stream.ended;
        await expectNothingLeft();
      });
    });

    describe('a session', () => {
      test("hands the subscriber's candidates over after the offer that they belong to", async () => {
        const { client } = await joined();
        await client.notified('offer');
        await client.next(({ method, params }) => method === 'trickle' && params?.target === 1);
        const order = client.received
          .filter(({ method }) => method === 'offer' || method === 'trickle')
          .map(({ method, params }) => (method === 'offer' ? 'offer' : `trickle ${params?.target}`));
        expect(order.indexOf('offer')).toBeLessThan(order.indexOf('trickle 1'));
        expect(order).toContain('trickle 0');
      });

      test('passes the answer on, and refuses one that nobody asked for', async () => {
        const { client, stream } = await joined();
        const offer = await client.notified('offer');
        const desc = { type: 'answer', sdp: fakeAnswer(String(offer.sdp)) };
        client.notify('answer', { desc });
        await sfu.waitFor(() => stream.requests('description').length === 1);
        client.notify('answer', { desc });
        const refused = await client.next(({ error }) => error !== undefined);
        expect(refused).toMatchObject({
          id: null,
          error: { data: { code: 'ERR_RELAY_INVALID_STATE', method: 'answer' } },
        });
        expect((await client.request('ping')).result).toEqual({});
        expect(stream.isOpen).toBe(true);
      });

      test('answers offers one at a time, the newest of those that wait', async () => {
        const { client, stream } = await joined();
        const answers = await Promise.all(
          [1, 2, 3].map((n) =>
            client.request('offer', {
              desc: { type: 'offer', sdp: fakeOffer([{ kind: 'video', streamId: 's', trackId: `t${n}` }]) },
            }),
          ),
        );
        expect(answers.map(({ result, error }) => result?.type ?? error?.data?.code)).toEqual([
          'answer',
          'ERR_RELAY_INVALID_STATE',
          'answer',
        ]);
        expect(stream.requests('description').map(({ sdp }) => /msid:s (t\d)/.exec(sdp)?.[1])).toEqual([
          't1',
          't3',
        ]);
      });

      test('an offer that the SFU would not survive is refused, and the session goes on', async () => {
        const { client, stream } = await joined();
        const { error } = await client.request('offer', { desc: { type: 'offer', sdp: 'v=0\r\n' } });
        expect(error?.data?.code).toBe('ERR_RELAY_INVALID_SDP');
        expect(stream.requests('description')).toEqual([]);
        expect((await client.request('ping')).result).toEqual({});
      });

      test('statistics: reported, and given back in the units of the relay', async () => {
        const { client } = await joined();
        const entry = (timestamp: number, bytesSent: number) => [
          { id: 'v', type: 'outbound-rtp', kind: 'video', timestamp, bytesSent, packetsSent: 1 },
        ];
        await client.request('stats', { report: entry(1_000, 0) });
        const { result } = await client.request('stats', { report: entry(3_000, 250_000) });
        expect(result).toMatchObject({ videoBitrate: 1_000_000, userId: 'alice', roomId: 'lobby' });
        expect(relay.getSessionStats(String(result?.sessionId))).toEqual(result);
        expect((await client.request('stats', { report: [{ id: 1 }] })).error?.data?.code).toBe(
          'ERR_RELAY_INVALID_PARAMS',
        );
      });

      test('ends when its socket closes, and when it vanishes', async () => {
        const polite = await joined({ uid: 'polite' });
        await polite.client.close();
        expect(await polite.stream.ended).toBe('half-closed');
        const rude = await joined({ uid: 'rude' });
        rude.client.vanish();
        expect(await rude.stream.ended).toBe('half-closed');
        await expectNothingLeft();
      });

      test('closed by the application closes the connection with 1000', async () => {
        const { client } = await joined();
        await relay.closeSession([...relay.sessions.keys()][0] ?? '');
        expect(await client.closed).toEqual({ code: 1000, reason: 'The session was closed.' });
      });

      test('ended by the SFU closes the connection with 4502, and no other', async () => {
        const one = await joined({ uid: 'one' });
        const two = await joined({ uid: 'two' });
        one.stream.fail(status.INTERNAL, 'negotiate error');
        expect(await one.client.closed).toEqual({ code: 4502, reason: 'The SFU ended the session.' });
        expect((await two.client.request('ping')).result).toEqual({});
      });

      test('whose SFU dies is closed with a code that says so', async () => {
        const { client } = await joined();
        await sfu.stop();
        expect([4502, 4503]).toContain((await client.closed).code);
      });
    });

    describe('the room', () => {
      const video = { kind: 'video', streamId: 's1', trackId: 't1', layers: ['q', 'h', 'f'] } as const;

      test('a newcomer gets the others; they hear of it, and of its leaving', async () => {
        const alice = await joined({ uid: 'alice', offer: { type: 'offer', sdp: fakeOffer([video]) } });
        const bob = await joined({ uid: 'bob', role: 'subscriber' });
        const { result } = await bob.client.next(({ id }) => id === 1);
        expect(result?.participants).toEqual([
          {
            sessionId: expect.any(String),
            userId: 'alice',
            role: 'publisher',
            tracks: [{ trackId: 't1', streamId: 's1', kind: 'video', layers: ['q', 'h', 'f'], muted: false }],
          },
        ]);
        expect(await alice.client.notified('participants')).toMatchObject({
          revision: 2,
          state: 'joined',
          participant: { userId: 'bob', role: 'subscriber', tracks: [] },
        });
        await bob.client.close();
        const left = await alice.client.next(({ params }) => params?.state === 'left');
        expect(left.params).toMatchObject({ revision: 3, participant: { userId: 'bob' } });
      });

      test('tracks that come and go later are announced, each with its user', async () => {
        const alice = await joined({ uid: 'alice' });
        const bob = await joined({ uid: 'bob' });
        await alice.client.request('offer', { desc: { type: 'offer', sdp: fakeOffer([video]) } });
        expect(await bob.client.notified('tracks')).toMatchObject({
          state: 'added',
          userId: 'alice',
          tracks: [{ trackId: 't1', layers: ['q', 'h', 'f'] }],
        });
        const stopped = fakeOffer([{ ...video, direction: 'inactive' }]);
        await alice.client.request('offer', { desc: { type: 'offer', sdp: stopped } });
        const gone = await bob.client.next(({ params }) => params?.state === 'removed');
        expect(gone.params).toMatchObject({ userId: 'alice', tracks: [{ trackId: 't1' }] });
      });

      test('metadata and mute state are told to the others, and to newcomers', async () => {
        const alice = await joined({
          offer: { type: 'offer', sdp: fakeOffer([video]) },
          metadata: { hand: 'down' },
        });
        const bob = await joined({ uid: 'bob' });
        const update = { metadata: { hand: 'up' }, tracks: [{ trackId: 't1', muted: true }] };
        expect((await alice.client.request('update', update)).result).toEqual({});
        expect(await bob.client.notified('tracks')).toMatchObject({
          revision: 3,
          state: 'updated',
          tracks: [{ trackId: 't1', muted: true }],
        });
        expect(await bob.client.notified('participants')).toMatchObject({
          revision: 4,
          state: 'updated',
          participant: { userId: 'alice', metadata: { hand: 'up' } },
        });
        const carol = await joined({ uid: 'carol' });
        const { result } = await carol.client.next(({ id }) => id === 1);
        expect(result).toMatchObject({
          revision: 5,
          participants: [{ metadata: { hand: 'up' }, tracks: [{ muted: true }] }, { userId: 'bob' }],
        });
        const refused = async (params: object) =>
          (await bob.client.request('update', params)).error?.data?.code;
        expect(await refused({ tracks: [{ trackId: 't1', muted: false }] })).toBe('ERR_RELAY_INVALID_PARAMS');
        expect(await refused({ metadata: { x: 'y'.repeat(4_096) } })).toBe('ERR_RELAY_INVALID_PARAMS');
        expect(await refused({ metadata: [] })).toBe('ERR_RELAY_INVALID_PARAMS');
      });

      test('only what the room has can be subscribed to, by a layer that it has', async () => {
        await joined({ uid: 'alice', offer: { type: 'offer', sdp: fakeOffer([video]) } });
        const bob = await joined({ uid: 'bob', config: { NoAutoSubscribe: 'true' } });
        const subscribe = async (subscription: object) =>
          (await bob.client.request('subscribe', { subscriptions: [subscription] })).error?.data?.code;
        expect(await subscribe({ trackId: 't9', subscribe: true })).toBe('ERR_RELAY_INVALID_PARAMS');
        expect(await subscribe({ trackId: 't1', subscribe: true, layer: 'z' })).toBe(
          'ERR_RELAY_INVALID_PARAMS',
        );
        expect(await subscribe({ trackId: 't1', subscribe: 'yes' })).toBe('ERR_RELAY_INVALID_PARAMS');
        expect(bob.stream.requests('subscription')).toEqual([]);
        expect(await subscribe({ trackId: 't1', subscribe: true, layer: 'h' })).toBeUndefined();
        expect(bob.stream.requests('subscription')).toMatchObject([
          { subscriptions: [{ trackId: 't1', layer: 'h' }] },
        ]);
      });

      test('another room learns nothing of it', async () => {
        const stranger = await joined({ sid: 'elsewhere', uid: 'alice' });
        const alice = await joined({ uid: 'alice', offer: { type: 'offer', sdp: fakeOffer([video]) } });
        await alice.client.request('leave');
        await stranger.client.request('ping');
        expect(
          stranger.client.methods().filter((method) => method === 'participants' || method === 'tracks'),
        ).toEqual([]);
      });
    });

    describe('the heartbeat', () => {
      test('drops a client that answers no ping, and ends its session', async () => {
        await start({ heartbeatIntervalMs: 30 });
        const { client, stream } = await joined();
        // Nothing is read from the network any more: no pong goes out either.
        client.socket.pause();
        expect(await stream.ended).toBe('half-closed');
        client.socket.resume();
        expect((await client.closed).code).toBe(1006);
      });

      test('keeps a client that does', async () => {
        await start({ heartbeatIntervalMs: 20 });
        const { client } = await joined();
        let pings = 0;
        client.socket.onPing(() => {
          pings += 1;
        });
        await until('five pings have come', () => pings >= 5);
        expect((await client.request('ping')).result).toEqual({});
      });
    });

    describe('draining', () => {
      test('says goaway, leaves the SFU, closes with 1001', async () => {
        const { client, stream } = await joined();
        const idle = await open();
        await relay.close();
        expect(await client.closed).toEqual({ code: 1001, reason: 'The relay is closing.' });
        expect((await idle.closed).code).toBe(1001);
        expect(client.received.at(-1)).toMatchObject({
          method: 'goaway',
          params: { reconnectAfterMs: expect.any(Number) },
        });
        expect(await stream.ended).toBe('half-closed');
        const late = await open();
        expect((await late.closed).code).toBe(1001);
      });

      test('cuts off a client that does not close', async () => {
        const { client } = await joined();
        client.socket.pause();
        await relay.close({ timeoutMs: 50 });
        client.socket.resume();
        await client.closed;
        await expectNothingLeft();
      });
    });
  });
}
