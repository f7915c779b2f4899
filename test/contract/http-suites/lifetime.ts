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
}
