import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { fakeAnswer, fakeOffer } from '../../../src/testing/index.js';
import { until } from '../../support/poll.js';
import type { HttpStage } from '../http-stage.js';

const PADDING = 'x'.repeat(900);

export function lifetimeSuite(stage: HttpStage): void {
  const { request, events, start } = stage;

  const post = (options: { signal?: AbortSignal } = {}) =>
    request('POST', '/session', { session_id: 'one', room_id: 'r', user_id: 7, sdp: fakeOffer() }, options);

  const expectGone = async () => {
    await until(
      'the relay has nothing left',
      () => stage.relay.sessions.size + stage.relay.streamCount === 0,
    );
    await stage.sfu.waitFor(({ streams }) => streams.size === 0);
  };

  describe('a session of which nobody hears', () => {
    test('ends after orphanTimeoutMs', async () => {
      await start({ orphanTimeoutMs: 50 });
      await post();
      await expectGone();
    });

    test('lives as long as it is asked for', async () => {
      await start({ orphanTimeoutMs: 500 });
      await post();
      const born = Date.now();
      await until('four times as long has passed', async () => {
        expect((await request('GET', '/session/one/stats')).status).toBe(200);
        return Date.now() - born > 2_000;
      });
      await expectGone();
    });

    test('ends some time after its event stream has', async () => {
      await start({ orphanTimeoutMs: 50 });
      await post();
      const reader = await events('one');
      await reader.notified('joined');
      await reader.close();
      await expectGone();
    });
  });

  test('a client that goes during the join leaves nothing behind', async () => {
    stage.sfu.script.onJoin = () => {};
    const abort = new AbortController();
    const answer = post({ signal: abort.signal });
    await stage.sfu.waitFor(({ received }) =>
      received.some(({ request: { payload } }) => payload?.$case === 'join'),
    );
    abort.abort();
    await expect(answer).rejects.toThrow();
    await expectGone();
  });

  test('a client that goes while candidates are gathered leaves nothing behind', async () => {
    await start({ gatherTimeoutMs: 20_000 });
    // An SFU that never says a candidate.
    stage.sfu.script.onJoin = (stream, { sid, uid, description }) => {
      Object.assign(stream, { sid, uid, joined: true });
      const answer = {
        type: 'answer',
        target: 0 as const,
        sdp: fakeAnswer(description?.sdp ?? ''),
        trackInfos: [],
      };
      stream.send({ $case: 'join', value: { success: true, error: undefined, description: answer } });
    };
    const abort = new AbortController();
    const answer = post({ signal: abort.signal });
    await until('it has joined', () => stage.relay.getSession('one')?.state === 'joined');
    abort.abort();
    await expect(answer).rejects.toThrow();
    await expectGone();
  });

  test('an event stream that is not read ends its session before the relay holds too much', async () => {
    await start({ maxBufferedBytes: 64 * 1024 });
    await post();
    // Opened, and never read.
    const headers = { 'sfu-session-token': stage.tokenOf('one') };
    const response = await fetch(`${stage.url}/session/one/events`, { headers });
    const [stream] = stage.sfu.streams;
    for (let n = 0; n < 20_000; n += 1) {
      const candidate = `candidate:1 1 udp 2130706431 127.0.0.1 ${1 + n} typ host extra ${PADDING}`;
      stream?.send({
        $case: 'trickle',
        value: { target: 0, init: JSON.stringify({ candidate, sdpMid: '0', sdpMLineIndex: 0 }) },
      });
    }
    expect(await stream?.ended).toBe('half-closed');
    await expectGone();
    await response.body?.cancel();
  });

  test('a join that comes when the session is being left opens no other one', async () => {
    let decide = () => {};
    const asked: string[] = [];
    await start({
      relay: {
        rateLimiter: {
          consume: ({ method }) => {
            asked.push(method);
            return method === 'leave' ? new Promise<void>((resolve) => (decide = resolve)) : undefined;
          },
        },
      },
    });
    await post();
    const signal = (method: string, params?: object) =>
      request('POST', '/session/one/signal', { jsonrpc: '2.0', id: method, method, params });
    const leave = signal('leave');
    await until('the leave waits', () => asked.includes('leave'));
    const join = signal('join', { sid: 'r', uid: '7', offer: { type: 'offer', sdp: fakeOffer() } });
    await until('the join has come', () => stage.relay.counters.received.get('join') > 0);
    decide();
    expect((await leave).status).toBe(200);
    expect((await join).body.error.data.code).toBe('ERR_RELAY_SESSION_NOT_FOUND');
    await expectGone();
    expect(stage.sfu.totalStreams).toBe(1);
  });

  test('a client that goes while it is authenticated joins nobody', async () => {
    let decide = () => {};
    let asked = 0;
    await start({
      authenticate: () => {
        asked += 1;
        return new Promise((resolve) => (decide = () => resolve({ userId: '7' })));
      },
    });
    const abort = new AbortController();
    const answer = post({ signal: abort.signal });
    await until('it is being authenticated', () => asked);
    abort.abort();
    await expect(answer).rejects.toThrow();
    // The server sees it go a moment later.
    await sleep(100);
    decide();
    await until('it is refused', () => stage.relay.counters.refused.get('ERR_RELAY_ABORTED'));
    expect(stage.sfu.totalStreams).toBe(0);
  });

  test('messages that wait for the application take 64 KiB at most, and one', async () => {
    let decide = () => {};
    const gate = new Promise<void>((resolve) => (decide = resolve));
    await start({ hooks: { onMessage: () => gate } });
    await post();
    const text = '語'.repeat(1_900);
    const answers = Array.from({ length: 20 }, (_, id) =>
      request('POST', '/session/one/signal', {
        jsonrpc: '2.0',
        id,
        method: 'message',
        params: { kind: 'chat', data: { text } },
      }),
    );
    await until(
      'one is refused',
      () => stage.relay.counters.refused.get('ERR_RELAY_TOO_MANY') >= 20 - (64 * 1024) / (3 * 1_900),
    );
    decide();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
  });

  test('closing the relay says goaway, and ends the stream with 1001', async () => {
    await post();
    const reader = await events('one');
    await reader.notified('offer');
    await stage.relay.close();
    await reader.ended;
    expect(reader.received.at(-2)?.data).toMatchObject({ method: 'goaway' });
    expect(reader.received.at(-1)).toMatchObject({ event: 'close', data: { code: 1001 } });
    expect((await post()).status).toBe(503);
  });

  test('while the relay drains, a client that ignores goaway loses its stream with 1001 by the deadline', async () => {
    await post();
    const reader = await events('one');
    await reader.notified('offer');
    let isOver = false;
    const closed = stage.relay.close({ drainMs: 400 }).then(() => {
      isOver = true;
    });
    while (!isOver) await request('GET', '/session/one/stats');
    await Promise.all([closed, reader.ended]);
    expect(reader.received.map(({ data }) => (data as { method?: string })?.method)).toContain('goaway');
    expect(reader.received.at(-1)).toMatchObject({ event: 'close', data: { code: 1001 } });
  });
}
