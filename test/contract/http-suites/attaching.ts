import { describe, expect, test } from 'vitest';
import { fakeOffer } from '../../../src/testing/index.js';
import { until } from '../../support/poll.js';
import type { HttpStage } from '../http-stage.js';
import { WireClient } from '../wire-client.js';

export function attachingSuite(stage: HttpStage): void {
  const { request, events } = stage;

  async function create(): Promise<string> {
    const { body } = await request('POST', '/session', { room_id: 'r', user_id: 7, sdp: fakeOffer() });
    return body.data.session_id;
  }

  describe('a WebSocket that attaches to a session', () => {
    test('gets the offer and the candidates that nobody has read', async () => {
      const sessionId = await create();
      const client = await WireClient.dial(stage.webSocketUrl);
      const { result } = await client.request('attach', {
        sessionId,
        sessionToken: stage.tokenOf(sessionId),
      });
      expect(result).toMatchObject({ type: 'answer', sessionId, userId: '7', roomId: 'r' });
      await client.next(({ method, params }) => method === 'trickle' && params?.target === 1);
      expect(client.methods()).toEqual(['offer', 'trickle']);
      await client.close();
    });

    test('takes it over from an event stream, which is told so', async () => {
      const sessionId = await create();
      const reader = await events(sessionId);
      await reader.next(({ data }) => data.params?.target === 1);
      const client = await WireClient.dial(stage.webSocketUrl);
      await client.request('attach', { sessionId, sessionToken: stage.tokenOf(sessionId) });
      expect((await reader.next(({ event }) => event === 'close')).data).toEqual({
        code: 4409,
        reason: 'Another connection serves the session now.',
      });
      // An answer to this offer may be on its way by POST, which is refused now.
      await client.notified('offer');
      expect(client.methods()).toEqual(['offer']);
      const ping = { id: 1, method: 'ping' };
      expect((await request('POST', `/session/${sessionId}/signal`, ping)).status).toBe(409);
      expect((await request('GET', `/session/${sessionId}/stats`)).body.data.user_id).toBe(7);
      expect((await request('DELETE', `/session/${sessionId}`)).status).toBe(200);
      expect(await client.closed).toEqual({ code: 1000, reason: 'The session was closed.' });
    });

    test('keeps it past orphanTimeoutMs, and ends it when it closes', async () => {
      await stage.start({ orphanTimeoutMs: 500 });
      const sessionId = await create();
      const client = await WireClient.dial(stage.webSocketUrl);
      await client.request('attach', { sessionId, sessionToken: stage.tokenOf(sessionId) });
      const orphan = await create();
      await until('the orphan has ended', () => stage.relay.getSession(orphan) === undefined);
      expect((await client.request('ping')).result).toEqual({});
      await client.close();
      await stage.sfu.waitFor(({ streams }) => streams.size === 0);
    });
  });
}
