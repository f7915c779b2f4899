import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { fakeAnswer, fakeOffer } from '../../../src/testing/index.js';
import { until } from '../../support/poll.js';
import type { HttpStage } from '../http-stage.js';
import { WireClient } from '../wire-client.js';

export function eventsSuite(stage: HttpStage): void {
  const { request, events } = stage;

  async function create(overrides: object = {}): Promise<string> {
    const { body } = await request('POST', '/session', {
      room_id: 'r',
      user_id: 'ada',
      sdp: fakeOffer(),
      ...overrides,
    });
    return body.data.session_id;
  }

  /** Reads an event stream by a socket of its own, and breaks the connection after so many bytes, or where it has what is wanted. */
  async function readBytes(
    sessionId: string,
    lastEventId: string,
    end: number | ((text: string) => boolean),
  ): Promise<string> {
    const { pathname, port } = new URL(`${stage.url}/session/${sessionId}/events`);
    const socket = connect(Number(port), '127.0.0.1');
    // HTTP/1.0 has no chunks: after the head, the bytes are those of the stream.
    socket.write(
      `GET ${pathname} HTTP/1.0\r\nHost: relay.test\r\nLast-Event-ID: ${lastEventId}\r\n` +
        `sfu-session-token: ${stage.tokenOf(sessionId)}\r\n\r\n`,
    );
    let received = '';
    for await (const chunk of socket.setEncoding('latin1')) {
      received += chunk;
      const [, text] = received.split('\r\n\r\n');
      if (text === undefined) continue;
      if (typeof end === 'function' ? !end(text) : text.length < end) continue;
      socket.destroy();
      return typeof end === 'number' ? text.slice(0, end) : text;
    }
    throw new Error(`the stream has ended: ${received}`);
  }

  /** The ids and data of complete events. */
  const eventsOf = (text: string) => {
    const blocks = text.split('\n\n').slice(0, -1);
    return blocks.flatMap((block) => {
      const [, id = '', data = ''] = /^id: (\d+)\ndata: (.*)$/m.exec(block) ?? [];
      return id === '' ? [] : [[id, data] as const];
    });
  };

  const signal = (sessionId: string, message: unknown) =>
    request('POST', `/session/${sessionId}/signal`, message);

  describe('the events of a session', () => {
    test('are not taken by HEAD, which gives the headers alone', async () => {
      const id = await create();
      const reader = await events(id);
      await reader.notified('offer');
      const headers = { 'sfu-session-token': stage.tokenOf(id) };
      const response = await fetch(`${stage.url}/session/${id}/events`, { method: 'HEAD', headers });
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
      expect(await response.text()).toBe('');
      const [stream] = stage.sfu.streams;
      const candidate = { candidate: 'candidate:7 1 udp 1 127.0.0.1 9 typ host' };
      stream?.send({ $case: 'trickle', value: { target: 0, init: JSON.stringify(candidate) } });
      await reader.next(({ data }) => data.params?.candidate?.candidate === candidate.candidate);
    });

    test('begin with the room as it is, then come as on a WebSocket, numbered', async () => {
      const id = await create();
      const reader = await events(id);
      expect(reader.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
      expect(await reader.notified('joined')).toMatchObject({
        ...{ type: 'answer', sessionId: id, roomId: 'r', userId: 'ada' },
        ...{ participants: [], revision: 1, maxMessageBytes: 262_144 },
      });
      await reader.notified('offer');
      await reader.next(({ data }) => data.params?.target === 1);
      expect(reader.received.map(({ data }) => data.params?.target ?? data.method)).toEqual([
        'joined',
        'offer',
        1,
      ]);
      expect(reader.received.map((event) => event.id)).toEqual(['1', '2', '3']);
    });

    test('tell a client that can replace its peer that the SFU has lost it, and that it may join again', async () => {
      const id = await create({ capabilities: ['rejoin'] });
      const reader = await events(id);
      expect(await reader.notified('joined')).toMatchObject({ capabilities: ['rejoin'], peer: 1 });
      await stage.sfu.restart();
      expect(await reader.notified('interrupted')).toMatchObject({ peer: 1 });
      expect(await reader.notified('rejoin')).toMatchObject({ peer: 1 });
      const offer = { type: 'offer', sdp: fakeOffer() };
      const { body } = await signal(id, { id: 1, method: 'rejoin', params: { peer: 2, offer } });
      expect(body.result).toMatchObject({ sessionId: id, peer: 2 });
    });

    test('and requests by POST make a whole session', async () => {
      const id = await create();
      const reader = await events(id);
      const { sdp } = await reader.notified('offer');
      const answer = { type: 'answer', sdp: fakeAnswer(sdp) };
      expect((await signal(id, { method: 'answer', params: { desc: answer } })).status).toBe(204);
      const [stream] = stage.sfu.streams;
      await stage.sfu.waitFor(() => stream?.requests('description').length === 1);

      const video = fakeOffer([{ kind: 'video', streamId: 's', trackId: 't' }]);
      const offered = await signal(id, {
        id: 7,
        method: 'offer',
        params: { desc: { type: 'offer', sdp: video } },
      });
      expect(offered).toMatchObject({
        status: 200,
        body: { jsonrpc: '2.0', id: 7, result: { type: 'answer' } },
      });
      expect(stage.relay.rooms.get('r')?.participants).toMatchObject([{ tracks: [{ trackId: 't' }] }]);

      expect((await signal(id, { id: 8, method: 'leave' })).body).toEqual({
        jsonrpc: '2.0',
        id: 8,
        result: {},
      });
      expect((await reader.next(({ event }) => event === 'close')).data).toEqual({
        code: 1000,
        reason: 'The session was closed.',
      });
      await reader.ended;
    });

    test('tell of the others in the room, whatever they came by', async () => {
      const reader = await events(await create());
      const bob = await WireClient.dial(stage.webSocketUrl);
      await bob.request('join', { sid: 'r', uid: 'bob', offer: { type: 'offer', sdp: fakeOffer() } });
      expect(await reader.notified('participants')).toMatchObject({
        joined: [{ userId: 'bob' }],
      });
      await bob.close();
    });

    test('go on after the last one that the client has, when it comes back', async () => {
      const id = await create();
      const first = await events(id);
      await first.next(({ data }) => data.params?.target === 1);
      await first.close();
      const second = await create({ user_id: 'bob' });
      const reader = await events(id, { 'last-event-id': '2' });
      await reader.notified('participants');
      expect(reader.received.map((event) => event.id)).toEqual(['3', '4']);
      expect(reader.methods()).not.toContain('joined');
      expect((await signal(second, { id: 1, method: 'ping' })).status).toBe(200);
    });

    test('go on with the next one, at whatever byte the connection has broken', async () => {
      const id = await create();
      await (await events(id)).next(({ data }) => data.params?.target === 1);
      const whole = await readBytes(id, '0', (text) => text.includes('"target":1'));
      const all = eventsOf(whole);
      expect(all).toHaveLength(3);
      for (let byte = 0; byte < whole.length; byte += Math.ceil(whole.length / 60)) {
        const before = eventsOf(await readBytes(id, '0', byte));
        const [lastId = '0'] = before.at(-1) ?? [];
        const has = (text: string) => before.length + eventsOf(text).length >= all.length;
        const after = eventsOf(await readBytes(id, lastId, has));
        expect([...before, ...after], `broken after ${byte} bytes`).toEqual(all);
      }
    });

    test('begin with the room as it is where the client says no id, and then have what it may have missed', async () => {
      const id = await create();
      const first = await events(id);
      await first.next(({ data }) => data.params?.target === 1);
      await first.close();
      const bob = await WireClient.dial(stage.webSocketUrl);
      await bob.request('join', { sid: 'r', uid: 'bob', offer: { type: 'offer', sdp: fakeOffer() } });
      await bob.request('message', { kind: 'chat', data: { text: 'hello' }, to: 'ada' });
      const second = await events(id);
      await second.notified('message');
      expect(second.methods()).toEqual(['joined', 'offer', 'trickle', 'message']);
      expect(await second.notified('joined')).toMatchObject({ participants: [{ userId: 'bob' }] });
      await bob.close();
    });

    test.each(['999', '-1', 'x', ''])('begin anew where Last-Event-ID is %j', async (lastEventId) => {
      const id = await create();
      await (await events(id)).notified('joined');
      const reader = await events(id, { 'last-event-id': lastEventId });
      await reader.notified('joined');
    });

    test('go to one client: an older stream is told that it was replaced', async () => {
      const id = await create();
      const older = await events(id);
      await older.notified('joined');
      await events(id);
      expect((await older.next(({ event }) => event === 'close')).data.code).toBe(4409);
      await older.ended;
    });

    test('stay, with a comment now and then, though nothing happens', async () => {
      await stage.start({ heartbeatIntervalMs: 20, orphanTimeoutMs: 100 });
      const id = await create();
      const response = await fetch(`${stage.url}/session/${id}/events`);
      let text = '';
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        text += Buffer.from(chunk).toString();
        if ((text.match(/: alive/g) ?? []).length >= 10) break;
      }
      expect(stage.relay.getSession(id)?.state).toBe('joined');
    });
  });

  describe('a message by POST', () => {
    test.each([
      ['no JSON', '{', 400, -32700],
      ['a batch', [], 400, -32600],
      ['no method', { id: 1 }, 400, -32600],
      ['an unknown method', { id: 1, method: 'fly' }, 404, -32601],
      ['a second join', { id: 1, method: 'join', params: {} }, 409, -32010],
      ['to attach another session', { id: 1, method: 'attach', params: { sessionId: 'x' } }, 409, -32010],
      ['an answer that nobody asked for', { method: 'answer', params: { desc: {} } }, 400, -32602],
      ['a candidate that is none', { method: 'trickle', params: { target: 0, candidate: 5 } }, 400, -32602],
    ])('that is %s is refused, and the session goes on', async (_, message, status, code) => {
      const id = await create();
      const refused = await signal(id, message);
      expect(refused.status).toBe(status);
      expect((refused.body.error ?? refused.body).code).toBe(code);
      expect((await signal(id, { id: 2, method: 'ping' })).body.result).toEqual({});
    });

    test('statistics come back in the units of the API', async () => {
      const id = await create();
      const entry = (timestamp: number, bytesSent: number) => [
        { id: 'v', type: 'outbound-rtp', kind: 'video', timestamp, bytesSent, packetsSent: 1 },
      ];
      await signal(id, { id: 1, method: 'stats', params: { report: entry(1_000, 0) } });
      await signal(id, { id: 2, method: 'stats', params: { report: entry(3_000, 250_000) } });
      const { body } = await request('GET', `/session/${id}/stats`);
      expect(body.data).toMatchObject({ session_id: id, video_bitrate: 1_000_000, user_id: 'ada' });
    });
  });

  test('a session that the SFU ends is told of, with the code of the WebSocket', async () => {
    const id = await create();
    const reader = await events(id);
    await reader.notified('offer');
    for (const stream of stage.sfu.streams) stream.fail();
    expect((await reader.next(({ event }) => event === 'close')).data).toEqual({
      code: 4502,
      reason: 'The SFU ended the session.',
    });
    await until('it is gone', async () => (await request('GET', `/session/${id}/stats`)).status === 404);
  });
}
