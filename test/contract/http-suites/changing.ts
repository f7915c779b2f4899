import { describe, expect, test } from 'vitest';
import { fakeAnswer, fakeCandidate, fakeOffer } from '../../../src/testing/index.js';
import { until } from '../../support/poll.js';
import { ResumableClient } from '../../support/resumable-client.js';
import { overWebSocket } from '../client-socket.js';
import type { EventReader } from '../event-reader.js';
import type { HttpStage } from '../http-stage.js';
import { WireClient } from '../wire-client.js';

interface Message {
  method?: string;
  params?: ReturnType<typeof JSON.parse>;
}

const OFFER = { type: 'offer', sdp: fakeOffer() };

export function changingSuite(stage: HttpStage): void {
  const { request, events } = stage;

  const connect = () => overWebSocket(stage.webSocketUrl)(['sfu-relay.v1'], {}, '');
  const session = (id: string) => stage.relay.getSession(id) ?? expect.fail();
  const stream = () => [...stage.sfu.streams][0] ?? expect.fail();
  const say = (text: string) =>
    stage.relay.rooms.get('r')?.send({ kind: 'chat', data: { text }, to: 'ada' }) ?? expect.fail();

  /** Joins over a WebSocket; requests over HTTP know its token, too. */
  async function join(options: ConstructorParameters<typeof ResumableClient>[1] = {}, params: object = {}) {
    const client = new ResumableClient(connect, options);
    await client.connect();
    const { result } = await client.join({ sid: 'r', uid: 'ada', offer: OFFER, ...params });
    const id = String(result?.sessionId);
    stage.knowToken(id, String(result?.sessionToken));
    return { client, id };
  }

  async function create(): Promise<string> {
    const { body } = await request('POST', '/session', { room_id: 'r', user_id: 'ada', sdp: fakeOffer() });
    return body.data.session_id;
  }

  const attach = async (id: string, params: object = {}) => {
    const client = await WireClient.dial(stage.webSocketUrl);
    const { result } = await client.request('attach', {
      sessionId: id,
      sessionToken: stage.tokenOf(id),
      ...params,
    });
    expect(result).toMatchObject({ sessionId: id });
    return client;
  };

  const textsOf = (messages: readonly Message[]) =>
    messages.flatMap(({ method, params }) => (method === 'message' ? [String(params?.data.text)] : []));
  const portsOf = (messages: readonly Message[]) =>
    messages.flatMap(({ method, params }) =>
      method === 'trickle' ? [String(params?.candidate.candidate).split(' ')[5]] : [],
    );
  const dataOf = (reader: EventReader): Message[] => reader.received.map(({ data }) => data);

  describe('a session of a WebSocket', () => {
    test('goes on over HTTP, with the offer that was not answered; the WebSocket is told so', async () => {
      const { client, id } = await join({ answersOffers: false });
      const { sdp } = await client.notified('offer');
      const reader = await events(id);
      expect(await reader.notified('joined')).toMatchObject({ sessionId: id, userId: 'ada' });
      expect((await reader.notified('offer')).sdp).toBe(sdp);
      expect(await client.connection.ended()).toBe(4409);
      const answer = { method: 'answer', params: { desc: { type: 'answer', sdp: fakeAnswer(String(sdp)) } } };
      expect((await request('POST', `/session/${id}/signal`, answer)).status).toBe(204);
      await stage.sfu.waitFor(() => stream().requests('description').length === 1);
      await say('hello');
      expect((await reader.notified('message')).data).toEqual({ text: 'hello' });
      expect(stage.sfu.totalStreams).toBe(1);
      expect((await request('DELETE', `/session/${id}`)).status).toBe(200);
    });

    test('is not taken by HEAD, nor by a client that is not its own', async () => {
      const { client, id } = await join();
      const url = `${stage.url}/session/${id}/events`;
      const headers = { 'sfu-session-token': String(client.session?.token) };
      expect((await fetch(url, { method: 'HEAD', headers })).status).toBe(200);
      expect((await fetch(url)).status).toBe(403);
      expect((await fetch(url, { headers: { 'sfu-session-token': 'x'.repeat(43) } })).status).toBe(403);
      expect((await fetch(`${url}?received=many`, { headers })).status).toBe(400);
      expect((await client.ping()).result).toEqual({});
      client.dispose();
    });

    test('is not taken back by an event stream that reconnects', async () => {
      const id = await create();
      const reader = await events(id);
      await reader.notified('offer');
      const lastId = reader.received.at(-1)?.id ?? '';
      const client = await attach(id);
      expect((await events(id, { 'last-event-id': lastId })).response.status).toBe(409);
      expect((await client.request('ping')).result).toEqual({});
      await client.close();
    });

    test('keeps the capabilities of its client', async () => {
      const { id } = await join({}, { capabilities: ['resume', 'rejoin'] });
      const reader = await events(id);
      expect((await reader.notified('joined')).capabilities).toEqual(['rejoin']);
      await stage.sfu.restart();
      await reader.notified('interrupted');
      await reader.notified('rejoin');
    });

    test('ends over HTTP when nobody asks for it any more', async () => {
      await stage.start({ orphanTimeoutMs: 50 });
      const { id } = await join();
      const reader = await events(id);
      await reader.notified('joined');
      await reader.close();
      await until('it has ended', () => stage.relay.getSession(id) === undefined);
      await stage.sfu.waitFor(({ streams }) => streams.size === 0);
    });

    test('has the end of the token that lasts longer', async () => {
      const expiresAt = new Map([['short', Date.now() + 60_000]]);
      await stage.start({
        authenticate: ({ token = '' }) => {
          const end = expiresAt.get(token);
          return { userId: 'ada', ...(end !== undefined && { expiresAt: end }) };
        },
        relay: { expiryWarningMs: 59_000 },
      });
      const client = new ResumableClient(connect);
      await client.connect();
      await client.authenticate('short');
      const { result } = await client.join({ sid: 'r', offer: OFFER });
      const id = String(result?.sessionId);
      const authorization = 'Bearer long';
      await (await events(id, { authorization })).notified('joined');
      expect(session(id).principal?.expiresAt).toBeUndefined();
      expect((await events(id, { authorization: 'Bearer short' })).response.status).toBe(200);
      expect(session(id).principal?.expiresAt).toBeUndefined();
    });
  });

  describe('a session whose WebSocket is lost', () => {
    async function lose(options: Parameters<typeof join>[0] = {}) {
      const joined = await join(options);
      await joined.client.notified('offer');
      await joined.client.ping();
      await joined.client.vanish();
      await until('it is detached', () => session(joined.id).connection === 'detached');
      return joined;
    }

    test('can be asked for over HTTP, and deleted', async () => {
      const { id } = await lose();
      expect((await request('GET', `/session/${id}/stats`)).body.data.session_id).toBe(id);
      const refused = await request('POST', `/session/${id}/signal`, { id: 1, method: 'ping' });
      expect(refused).toMatchObject({
        status: 409,
        body: { message: expect.stringContaining('open its events') },
      });
      expect((await request('DELETE', `/session/${id}`)).status).toBe(200);
      expect(stage.relay.sessions.size).toBe(0);
    });

    test.each([true, false])('goes on over HTTP; its client says what it has received: %s', async (says) => {
      const { client, id } = await lose({ answersOffers: false });
      for (const text of ['one', 'two']) await say(text);
      stream().send({ $case: 'trickle', value: { target: 0, init: fakeCandidate(4_711) } });
      await until('the candidate has come', () => stage.relay.counters.sent.get('trickle') > 0);
      const query = says ? `?received=${client.session?.counts.received}` : '';
      const reader = await events(id, {}, query);
      await reader.next(({ data }) => data.params?.data?.text === 'two');
      expect(session(id).connection).toBe('connected');
      await until('the candidate has come', () => portsOf(dataOf(reader)).includes('4711'));
      expect(textsOf(dataOf(reader))).toEqual(['one', 'two']);
      expect(reader.methods()[0]).toBe('joined');
      // The offer was received before, and not acknowledged.
      expect(reader.methods().filter((method) => method === 'offer')).toHaveLength(says ? 0 : 1);
      expect((await request('POST', `/session/${id}/signal`, { id: 1, method: 'ping' })).status).toBe(200);
      // Its client may not resume it any more: another connection serves it.
      const { error } = await client.comeBack();
      expect(error?.data.code).toBe('ERR_RELAY_SESSION_NOT_FOUND');
      await say('three');
      await reader.next(({ data }) => data.params?.data?.text === 'three');
      client.dispose();
    });

    test('may be closed by the application when its client comes back', async () => {
      const { id } = await lose();
      session(id).on('attached', () => void session(id).close());
      expect((await events(id)).response.status).toBe(404);
      await until('it has ended', () => stage.relay.sessions.size === 0);
    });

    test('is refused to a user who was banned meanwhile elsewhere', async () => {
      const banned = new Set<string>();
      await stage.start({
        relay: {
          bans: {
            find: (_, userId) => (banned.has(userId) ? { userId } : undefined),
            set: () => {},
            delete: () => {},
          },
        },
      });
      const { id } = await lose();
      banned.add('ada');
      expect((await events(id)).response.status).toBe(403);
      await until('it has ended', () => stage.relay.sessions.size === 0);
    });
  });

  describe('a change between event stream and WebSocket', () => {
    test('goes on after the event that the client names', async () => {
      const id = await create();
      const reader = await events(id);
      await reader.next(({ data }) => data.params?.target === 1);
      for (const text of ['one', 'two', 'three']) await say(text);
      await reader.next(({ data }) => data.params?.data?.text === 'three');
      const client = await attach(id, { lastEventId: '4' });
      await say('four');
      await client.notified('message', ({ data }) => (data as { text: string }).text === 'four');
      expect(textsOf(client.received)).toEqual(['two', 'three', 'four']);
      expect(client.methods()).not.toContain('offer');
      await client.close();
      for (const lastEventId of [4, '-1', 'x', null]) {
        const other = await WireClient.dial(stage.webSocketUrl);
        const { error } = await other.request('attach', { sessionId: id, lastEventId });
        expect(error?.data?.code).toBe('ERR_RELAY_INVALID_PARAMS');
        await other.close();
      }
    });

    test.each([
      ['has read nothing of', ''],
      ['is too far behind', '9999'],
    ])('gives a client that %s its event stream all that it needs', async (_, lastEventId) => {
      const id = await create();
      const reader = await events(id);
      await reader.next(({ data }) => data.params?.target === 1);
      await say('one');
      await reader.notified('message');
      const client = await attach(id, { lastEventId });
      await client.notified('message');
      expect(client.methods()).toEqual(['offer', 'trickle', 'message']);
      await client.close();
    });

    test('of a stream that was broken off gives all that it has sent', async () => {
      const id = await create();
      const reader = await events(id);
      await reader.next(({ data }) => data.params?.target === 1);
      await reader.close();
      const client = await attach(id);
      await client.next(({ method }) => method === 'trickle');
      expect(client.methods()).toEqual(['offer', 'trickle']);
      await client.close();
    });

    test('there and back, whenever it happens, loses and doubles nothing that the relay sends', async () => {
      const { client: first, id } = await join({ acknowledgeEvery: 5 });
      let client = first;
      await client.ping();
      const got: Message[] = [];
      const soon = { intervalMs: 1, timeoutMs: 10_000 };
      let said = 0;
      const flow = setInterval(() => {
        said += 1;
        void say(`${said}`);
        stream().send({
          $case: 'trickle',
          value: { target: 0, init: fakeCandidate(20_000 + said) },
        });
      }, 1);
      try {
        for (let change = 1; change <= 8; change += 1) {
          await until('more has come', () => textsOf(client.log).length >= 7 + change, soon);
          const received = client.session?.counts.received;
          got.push(...client.log);
          client.dispose();
          const reader = await events(id, {}, `?received=${received}`);
          await until('more has come', () => textsOf(dataOf(reader)).length >= 5 + change, soon);
          // From here on the client ignores the event stream.
          got.push(...dataOf(reader));
          const lastEventId = reader.received.at(-1)?.id;
          client = new ResumableClient(connect, { acknowledgeEvery: 5 });
          await client.connect();
          const sessionToken = stage.tokenOf(id);
          const { error } = await client.request('attach', {
            sessionId: id,
            ...{ sessionToken, lastEventId, capabilities: ['resume'] },
          });
          expect(error).toBeUndefined();
          // The relay has the first ack: without it, a lost connection would end the session.
          await client.ping();
          await reader.close();
        }
      } finally {
        clearInterval(flow);
      }
      const last = `${said}`;
      await until('the last one has come', () => textsOf(client.log).includes(last));
      await until('the last candidate has come', () => portsOf(client.log).includes(`${20_000 + said}`));
      got.push(...client.log);
      const numbers = Array.from({ length: said }, (_, index) => index + 1);
      expect(textsOf(got)).toEqual(numbers.map(String));
      expect(portsOf(got).filter((port) => Number(port) > 20_000)).toEqual(
        numbers.map((n) => `${20_000 + n}`),
      );
      expect(got.filter(({ method }) => method === 'offer')).toHaveLength(1);
      client.dispose();
    });

    test('says how many frames the relay has received: the client sends the others by POST', async () => {
      const { client, id } = await join();
      const path = `/session/${id}/signal`;
      const heard: string[] = [];
      session(id).on('message', ({ data }) => void heard.push((data as { text: string }).text));
      await client.ping();
      const texts = Array.from({ length: 40 }, (_, index) => `${index}`);
      for (const text of texts) void client.request('message', { kind: 'chat', data: { text } });
      await until('some have arrived', () => heard.length > 0, { intervalMs: 1 });
      client.dispose();
      const reader = await events(id, {}, `?received=${client.session?.counts.received}`);
      const { received } = await reader.notified('joined');
      for (const { number, text } of client.session?.counts.unacknowledged ?? [])
        if (number > received) expect((await request('POST', path, JSON.parse(text))).status).toBe(200);
      await until('all have arrived', () => heard.length >= texts.length);
      expect(heard).toEqual(texts);
    });

    test('counts no frames that wait for the rate limiter: they are not executed any more', async () => {
      let pass = () => {};
      const gate = new Promise<void>((resolve) => (pass = resolve));
      let asked = 0;
      const consume = ({ method }: { method: string }) =>
        method === 'message' && ++asked > 1 ? gate : undefined;
      await stage.start({ relay: { rateLimiter: { consume } } });
      const { client, id } = await join();
      const heard: string[] = [];
      session(id).on('message', ({ data }) => void heard.push((data as { text: string }).text));
      const chat = (text: string) => ({ kind: 'chat', data: { text } });
      await client.request('message', chat('executed'));
      for (const text of ['waits', 'waits, too']) void client.request('message', chat(text));
      await until('they wait', () => stage.relay.counters.received.get('message') === 3);
      const sent = client.session?.counts.sent ?? 0;
      const reader = await events(id);
      expect((await reader.notified('joined')).received).toBe(sent - 2);
      pass();
      await client.connection.ended();
      expect(heard).toEqual(['executed']);
    });

    test('tells by 409 which messages were not executed: the client sends them over the WebSocket', async () => {
      const id = await create();
      await (await events(id)).notified('joined');
      const heard: string[] = [];
      session(id).on('message', ({ data }) => void heard.push((data as { text: string }).text));
      const messages = Array.from({ length: 30 }, (_, index) => ({
        ...{ id: index + 1, method: 'message' },
        params: { kind: 'chat', data: { text: `${index}` } },
      }));
      const posts = messages.map((message) => request('POST', `/session/${id}/signal`, message));
      await until('some have arrived', () => heard.length > 0, { intervalMs: 1 });
      const client = await attach(id, { lastEventId: '0' });
      const statuses = (await Promise.all(posts)).map(({ status }) => status);
      expect(new Set([200, 409, ...statuses]).size).toBe(2);
      for (const [index, { method, params }] of messages.entries())
        if (statuses[index] === 409) client.notify(method, params);
      await until('all have arrived', () => heard.length >= messages.length);
      expect(heard.toSorted()).toEqual(messages.map(({ params }) => params.data.text).toSorted());
      await client.close();
    });
  });
}
