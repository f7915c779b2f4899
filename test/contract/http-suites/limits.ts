import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../src/index.js';
import { rateLimits } from '../../../src/plugins/rate-limits/index.js';
import { fakeCandidate, fakeOffer } from '../../../src/testing/index.js';
import { until } from '../../support/poll.js';
import type { HttpStage } from '../http-stage.js';

const body = { room_id: 'lobby', user_id: 'alice', sdp: fakeOffer() };
const onlyConnections = { user: false, address: false, room: false } as const;

export function limitsSuite(stage: HttpStage): void {
  const create = async () => String((await stage.request('POST', '/session', body)).body.data.session_id);
  const signal = (id: string, message: object) => stage.request('POST', `/session/${id}/signal`, message);

  describe('limits and hooks', () => {
    test('what is too much is refused with 429 and Retry-After, and ends the session of who goes on', async () => {
      const connection = { points: 20, durationMs: 60_000, costs: { '*': 1, connect: 0, join: 0 } };
      await stage.start({ relay: { rateLimiter: rateLimits({ ...onlyConnections, connection }) } });
      const id = await create();
      const ping = () => signal(id, { id: 1, method: 'ping' });
      for (let n = 0; n < 20; n += 1) expect((await ping()).status).toBe(200);
      const refused = await ping();
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
      expect(refused.body.error.data).toMatchObject({ code: 'ERR_RELAY_TOO_MANY', retryable: true });
      for (let n = 1; n < LIMITS.maxRefusedMessages; n += 1) await ping();
      expect(stage.relay.getSession(id)?.state).toBe('joined');
      await ping();
      await until('it has ended', () => stage.relay.getSession(id) === undefined);
    });

    test('a request is refused before anybody is asked who it is', async () => {
      let asked = 0;
      const address = { points: 10, durationMs: 60_000, costs: { '*': 0, connect: 10 } };
      await stage.start({
        authenticate: () => ({ userId: `${++asked}` }),
        relay: { rateLimiter: rateLimits({ connection: false, address }) },
      });
      await create();
      expect(await stage.request('POST', '/session', body)).toMatchObject({
        status: 429,
        body: { message: 'Too many messages from this address: try again in a moment.' },
      });
      expect(asked).toBe(1);
    });

    test("a session's messages keep their order while a hook is slow", async () => {
      let answer: (() => void) | undefined;
      await stage.start({
        hooks: {
          onSignal: ({ method, params }) => {
            if (method !== 'trickle' || params.candidate.sdpMid !== '0') return;
            return new Promise<undefined>((resolve) => {
              answer = () => resolve(undefined);
            });
          },
        },
      });
      const id = await create();
      const candidate = JSON.parse(fakeCandidate());
      const trickle = (mid: string) =>
        signal(id, { method: 'trickle', params: { target: 0, candidate: { ...candidate, sdpMid: mid } } });
      const first = trickle('0');
      await until('the hook is asked', () => answer);
      const second = trickle('1');
      expect((await signal(id, { id: 1, method: 'ping' })).status).toBe(200);
      const sent = () =>
        [...stage.sfu.streams.values()].flatMap((stream) =>
          stream.requests('trickle').flatMap(({ init }) => JSON.parse(init).sdpMid ?? []),
        );
      expect(sent()).toEqual([]);
      answer?.();
      expect([(await first).status, (await second).status]).toEqual([204, 204]);
      await stage.sfu.waitFor(() => sent().length === 2);
      expect(sent()).toEqual(['0', '1']);
    });

    test('onConnect gives a token, and what the application refuses is answered by its error', async () => {
      await stage.start({
        authenticate: ({ token }) => ({ userId: `${token}` }),
        hooks: {
          onConnect: ({ request }) => ({ token: `${request.headers['x-session']}` }),
          onReply: ({ method, params }) =>
            method === 'answer' ? { ...params, sdp: `${params.sdp}a=seen\r\n` } : undefined,
        },
      });
      const headers = { 'x-session': 'carol' };
      const { body: created } = await stage.request('POST', '/session', body, { headers });
      expect(created.data.sdp).toContain('a=seen');
      const session = stage.relay.getSession(created.data.session_id);
      expect(session?.userId).toBe('carol');
      const stranger = await stage.request('DELETE', `/session/${session?.id}`, undefined, {
        headers: { 'x-session': 'mallory' },
      });
      expect(stranger.status).toBe(403);
    });
  });
}
