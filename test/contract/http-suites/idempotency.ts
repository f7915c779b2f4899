import { describe, expect, test } from 'vitest';
import { RelayError } from '../../../src/index.js';
import { fakeAnswer, fakeOffer } from '../../../src/testing/index.js';
import { counted } from '../../support/counted.js';
import { until } from '../../support/poll.js';
import type { HttpStage } from '../http-stage.js';
import { WireClient } from '../wire-client.js';

const BODY = { room_id: 'r', user_id: 7, sdp: fakeOffer() };
const KEY = '"8e03978e-40d5-43dd-bc93-6894a57f9324"';

export function idempotencySuite(stage: HttpStage): void {
  const { start } = stage;

  const send = (
    method: string,
    path: string,
    body?: unknown,
    {
      key = KEY,
      headers = {},
      signal,
    }: { key?: string; headers?: Record<string, string>; signal?: AbortSignal } = {},
  ) =>
    stage.request(method, path, body, {
      headers: { 'idempotency-key': key, ...headers },
      ...(signal && { signal }),
    });
  const create = async (body: object = BODY, key = '"create"') =>
    String((await send('POST', '/session', body, { key })).body.data.session_id);
  const chat = (text: string) => ({ id: 1, method: 'message', params: { kind: 'chat', data: { text } } });
  const chats = () => stage.relay.counters.roomMessages.get('chat');

  /** From now on the SFU answers a join only when the returned function is called. */
  const holdJoins = () => {
    const held: (() => void)[] = [];
    stage.sfu.script.onJoin = (...join) => void held.push(() => stage.sfu.ion.onJoin(...join));
    return {
      arrived: () => until('a join is held', () => held.length > 0),
      release: () => {
        stage.sfu.script.onJoin = stage.sfu.ion.onJoin;
        for (const answer of held.splice(0)) answer();
      },
    };
  };

  describe('a request with an Idempotency-Key', () => {
    test('that is repeated gets the first response, and is not executed again', async () => {
      const first = await send('POST', '/session', BODY);
      const second = await send('POST', '/session', BODY);
      expect(first.status).toBe(200);
      expect(first.headers.get('idempotent-replayed')).toBeNull();
      expect(second.body).toEqual(first.body);
      expect(second.headers.get('idempotent-replayed')).toBe('true');
      expect(stage.relay.sessions.size).toBe(1);
      expect(stage.sfu.totalStreams).toBe(1);
      const { data } = second.body;
      const headers = { 'sfu-session-token': data.session_token };
      expect(
        (await stage.request('GET', `/session/${data.session_id}/stats`, undefined, { headers })).status,
      ).toBe(200);
      expect(counted(stage.relay.counters.idempotentRequests)).toEqual({ executed: 1, repeated: 1 });
    });

    test('that is repeated while the first one is being executed waits for its response', async () => {
      const joins = holdJoins();
      const requests = [send('POST', '/session', BODY), send('POST', '/session', BODY)];
      await joins.arrived();
      await until('the second one waits', () => stage.relay.counters.idempotentRequests.get('repeated'));
      joins.release();
      const [first, second] = await Promise.all(requests);
      expect(second?.body).toEqual(first?.body);
      expect(stage.sfu.totalStreams).toBe(1);
    });

    test('is refused with 422 if the key was used for another body, also while that is being executed', async () => {
      const joins = holdJoins();
      const first = send('POST', '/session', BODY);
      await joins.arrived();
      const other = () => send('POST', '/session', { ...BODY, room_id: 'other' });
      const refusal = {
        status: 422,
        body: {
          message: expect.stringContaining('another body'),
          data: { code: 'ERR_RELAY_INVALID_PARAMS' },
        },
      };
      expect(await other()).toMatchObject(refusal);
      joins.release();
      expect((await first).status).toBe(200);
      expect(await other()).toMatchObject(refusal);
      expect([...stage.relay.rooms.keys()]).toEqual(['r']);
      expect(counted(stage.relay.counters.idempotentRequests)).toEqual({ executed: 1, refused: 2 });
    });

    test('may leave the quotes out', async () => {
      const first = await send('POST', '/session', BODY, { key: '8e03978e-40d5-43dd-bc93-6894a57f9324' });
      const second = await send('POST', '/session', BODY, { key: KEY });
      expect(second.body).toEqual(first.body);
    });

    test.each(['', '""', '"a', 'a"', '"a", "b"', 'a, b', 'a;b=1', 'a b', `"${'x'.repeat(256)}"`])(
      'that is %j is refused with what to write',
      async (key) => {
        const { status, body } = await send('POST', '/session', BODY, { key });
        expect(status).toBe(400);
        expect(body.message).toContain('Idempotency-Key: "8e03978e-');
        expect(stage.sfu.totalStreams).toBe(0);
      },
    );

    test('is a request like any other where the option is off', async () => {
      await start({ idempotency: false });
      await send('POST', '/session', BODY);
      await send('POST', '/session', BODY);
      expect(stage.relay.sessions.size).toBe(2);
    });
  });

  describe('a client that disconnects before its session is created', () => {
    const body = { ...BODY, session_id: 'one' };

    const expectOneSession = async () => {
      const { status, body: created } = await send('POST', '/session', body);
      expect(status).toBe(200);
      expect(created.data.session_id).toBe('one');
      expect(stage.sfu.totalStreams).toBe(1);
      await (await stage.events('one')).notified('offer');
    };

    test('gets it by the same key: during the join', async () => {
      const joins = holdJoins();
      const abort = new AbortController();
      const lost = send('POST', '/session', body, { signal: abort.signal });
      await joins.arrived();
      abort.abort();
      await expect(lost).rejects.toThrow();
      joins.release();
      await expectOneSession();
    });

    test('gets it by the same key: while candidates are gathered', async () => {
      const abort = new AbortController();
      const lost = send('POST', '/session', body, { signal: abort.signal });
      await until('it has joined', () => stage.relay.getSession('one')?.state === 'joined', {
        intervalMs: 1,
      });
      abort.abort();
      await expect(lost).rejects.toThrow();
      await expectOneSession();
    });

    test('and does not come back leaves nothing behind after orphanTimeoutMs', async () => {
      await start({ orphanTimeoutMs: 50 });
      const joins = holdJoins();
      const abort = new AbortController();
      const lost = send('POST', '/session', BODY, { signal: abort.signal });
      await joins.arrived();
      abort.abort();
      await expect(lost).rejects.toThrow();
      joins.release();
      await until('it has joined', () => stage.relay.counters.joins.get('ok'));
      await until('nothing is left', () => stage.relay.sessions.size + stage.relay.streamCount === 0);
      // The session that the key had is gone: another one takes its place.
      expect((await send('POST', '/session', BODY)).status).toBe(200);
      expect(stage.relay.sessions.size).toBe(1);
    });

    test('has orphanTimeoutMs again from the repeated request', async () => {
      await start({ orphanTimeoutMs: 500 });
      await create({ ...BODY, session_id: 'one' });
      const born = Date.now();
      await until('four times as long has passed', async () => {
        expect(await create({ ...BODY, session_id: 'one' })).toBe('one');
        return Date.now() - born > 2_000;
      });
      expect(stage.sfu.totalStreams).toBe(1);
    });
  });

  describe('a repeated message by POST', () => {
    test('is delivered once, and gets the first result', async () => {
      const path = `/session/${await create()}/signal`;
      const [first, second] = [
        await send('POST', path, chat('hello')),
        await send('POST', path, chat('hello')),
      ];
      expect(first.body.result).toMatchObject({ id: expect.any(String) });
      expect(second.body).toEqual(first.body);
      expect(chats()).toBe(1);
      await send('POST', path, chat('hello'), { key: '"another"' });
      expect(chats()).toBe(2);
    });

    test('that is a notification is answered with 204 again', async () => {
      const id = await create();
      const reader = await stage.events(id);
      const { sdp } = await reader.notified('offer');
      const answer = { method: 'answer', params: { desc: { type: 'answer', sdp: fakeAnswer(sdp) } } };
      for (let n = 0; n < 2; n += 1)
        expect((await send('POST', `/session/${id}/signal`, answer)).status).toBe(204);
      // Without the key there is nothing to answer any more.
      expect((await stage.request('POST', `/session/${id}/signal`, answer)).status).toBe(409);
    });

    test('gets the first response also when a WebSocket serves the session meanwhile', async () => {
      const id = await create();
      const first = await send('POST', `/session/${id}/signal`, chat('hello'));
      const client = await WireClient.dial(stage.webSocketUrl);
      await client.request('attach', { sessionId: id, sessionToken: stage.tokenOf(id) });
      expect((await send('POST', `/session/${id}/signal`, chat('hello'))).body).toEqual(first.body);
      expect((await send('POST', `/session/${id}/signal`, chat('hello'), { key: '"b"' })).status).toBe(409);
      expect(chats()).toBe(1);
      await client.close();
    });

    test('that ends its session, or deletes it, gets the first response', async () => {
      for (const [method, path, body] of [
        ['POST', '/signal', { id: 9, method: 'leave' }],
        ['DELETE', '', undefined],
      ] as const) {
        const id = await create(BODY, `"${method}"`);
        const first = await send(method, `/session/${id}${path}`, body);
        expect(first.status).toBe(200);
        expect(stage.relay.sessions.size).toBe(0);
        expect((await send(method, `/session/${id}${path}`, body)).body).toEqual(first.body);
        expect((await send(method, `/session/${id}${path}`, body, { key: '"b"' })).status).toBe(404);
        const headers = { 'sfu-session-token': 'x'.repeat(43) };
        expect((await send(method, `/session/${id}${path}`, body, { headers })).status).toBe(404);
      }
    });
  });

  describe('a key', () => {
    test('belongs to one user, one session and one route', async () => {
      await start({ authenticate: ({ token = '' }) => ({ userId: token }) });
      const as = (user: string) => ({ headers: { authorization: `Bearer ${user}` } });
      const [ada, eve] = [
        await send('POST', '/session', BODY, as('ada')),
        await send('POST', '/session', BODY, as('eve')),
      ];
      const ids = [ada, eve].map(({ body }) => String(body.data.session_id));
      expect(new Set(ids).size).toBe(2);
      const path = `/session/${ids[0]}/signal`;
      expect((await send('POST', path, chat('hello'), as('ada'))).status).toBe(200);
      expect((await send('POST', path, chat('hello'), as('eve'))).status).toBe(403);
      expect((await send('POST', `/session/${ids[1]}/signal`, chat('hello'), as('eve'))).status).toBe(200);
      expect(chats()).toBe(2);
      expect((await send('DELETE', `/session/${ids[0]}`, undefined, as('ada'))).body).toEqual({
        code: 0,
        message: 'success',
      });
    });

    test('gives no response to a client without the session token, where users have no name', async () => {
      const path = `/session/${await create()}/signal`;
      expect((await send('POST', path, chat('hello'))).status).toBe(200);
      const headers = { 'sfu-session-token': 'x'.repeat(43) };
      expect((await send('POST', path, chat('hello'), { headers })).status).toBe(403);
    });

    test('can be used again after a response that may differ later', async () => {
      let refusal: RelayError | undefined = new RelayError('ERR_RELAY_TOO_MANY', 'Not now.', {
        retryAfterMs: 1_000,
      });
      await start({
        hooks: {
          onJoin: () => {
            if (refusal) throw refusal;
          },
        },
      });
      expect((await send('POST', '/session', BODY)).status).toBe(429);
      refusal = new RelayError('ERR_RELAY_SFU_UNAVAILABLE', 'Not now.');
      expect((await send('POST', '/session', BODY)).status).toBe(503);
      refusal = new RelayError('ERR_RELAY_FORBIDDEN', 'Never.');
      expect((await send('POST', '/session', BODY)).status).toBe(403);
      refusal = undefined;
      const last = await send('POST', '/session', BODY);
      expect(last).toMatchObject({ status: 403, body: { message: 'Never.' } });
      expect(last.headers.get('idempotent-replayed')).toBe('true');
    });
  });
}
