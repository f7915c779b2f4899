import { describe, expect, test } from 'vitest';
import { fakeOffer } from '../../../src/testing/index.js';
import { counted } from '../../support/counted.js';
import type { HttpStage } from '../http-stage.js';

const body = { room_id: 'lobby', user_id: 'alice', sdp: fakeOffer() };

export function countersSuite(stage: HttpStage): void {
  describe('what is counted', () => {
    test('joins, authentications, messages and refusals, as over WebSocket', async () => {
      const { body: created } = await stage.request('POST', '/session', body);
      const signal = (message: object) =>
        stage.request('POST', `/session/${created.data.session_id}/signal`, message);
      await signal({ id: 1, method: 'ping' });
      await signal({ id: 2, method: 'nothing' });
      await signal({ id: 3 });
      await stage.request('POST', '/session', { ...body, sdp: 'v=0' });
      await stage.request('DELETE', '/session/nobody');

      const { authentications, joins, received, sent, refused, connectionsOpened } = stage.relay.counters;
      expect(counted(authentications)).toEqual({ ok: 6 });
      expect(counted(joins)).toEqual({ ok: 1, ERR_RELAY_INVALID_SDP: 1 });
      expect(counted(received)).toEqual({ ping: 1, other: 1, invalid: 1 });
      expect(counted(sent)).toMatchObject({ result: 1, error: 2 });
      expect(counted(refused)).toEqual({
        ERR_RELAY_METHOD_NOT_FOUND: 1,
        ERR_RELAY_INVALID_REQUEST: 1,
        ERR_RELAY_INVALID_SDP: 1,
        ERR_RELAY_SESSION_NOT_FOUND: 1,
      });
      expect(connectionsOpened.value).toBe(0);
    });
  });
}
