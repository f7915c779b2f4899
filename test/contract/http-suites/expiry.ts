import { describe, expect, test } from 'vitest';
import { fakeOffer } from '../../../src/testing/index.js';
import { until } from '../../support/poll.js';
import type { HttpStage } from '../http-stage.js';
import { byToken, SOON_MS, tokenFor, tokenForSoon } from '../suites/expiry.js';

const HOUR_MS = 3_600_000;

export function expirySuite(stage: HttpStage): void {
  const { request, events, start } = stage;

  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const create = (token: string) =>
    request(
      'POST',
      '/session',
      { session_id: 'one', room_id: 'r', sdp: fakeOffer() },
      { headers: bearer(token) },
    );
  const stats = (token: string) =>
    request('GET', '/session/one/stats', undefined, { headers: bearer(token) });

  const authenticate = (fresh: string, token: string) =>
    request(
      'POST',
      '/session/one/signal',
      { id: 1, method: 'authenticate', params: { token: fresh } },
      { headers: bearer(token) },
    );
  /** The session gets a token that ends soon: a slow machine has all the time to get there. */
  const endSoon = async (token: string) => {
    expect((await authenticate(tokenForSoon('alice'), token)).status).toBe(200);
    return Date.now() + SOON_MS;
  };

  describe('a session whose token expires', () => {
    test('is announced on the event stream, and ends with 4401', async () => {
      await start({ authenticate: byToken });
      const token = tokenFor('alice', HOUR_MS);
      expect((await create(token)).status).toBe(200);
      const reader = await events('one', bearer(token));
      await endSoon(token);
      expect((await reader.notified('expiring')).expiresInMs).toBeGreaterThan(0);
      await reader.ended;
      expect(reader.received[0]?.data.method).toBe('joined');
      expect(reader.received.at(-1)).toMatchObject({
        event: 'close',
        data: { code: 4401, reason: 'The token has expired.' },
      });
      await stage.sfu.waitFor(({ streams }) => streams.size === 0);
    });

    test('ends without an event stream, too', async () => {
      await start({ authenticate: byToken });
      const token = tokenFor('alice', HOUR_MS);
      await create(token);
      await endSoon(token);
      await until('it is gone', () => stage.relay.sessions.size + stage.relay.streamCount === 0);
    });

    test('is prolonged by a request with a later one, whose grants count', async () => {
      await start({ authenticate: byToken });
      const token = tokenFor('alice', HOUR_MS);
      await create(token);
      const end = await endSoon(token);
      const later = tokenFor('alice', HOUR_MS, { canPublish: false });
      expect((await stats(later)).status).toBe(200);
      await until('the first token would have expired', () => Date.now() > end + 50);
      expect((await stats(later)).status).toBe(200);
      expect(stage.relay.getSession('one')?.grants.canPublish).toBe(false);
    });

    test('is prolonged by authenticate, and not by somebody else', async () => {
      await start({ authenticate: byToken });
      const token = tokenFor('alice', HOUR_MS);
      await create(token);
      expect(await authenticate(tokenFor('mallory', 2 * HOUR_MS), token)).toMatchObject({
        status: 403,
        body: { error: { message: 'This token is of another user.' } },
      });
      expect((await stats(tokenFor('mallory', 2 * HOUR_MS))).status).toBe(403);
      expect((await authenticate(tokenFor('alice', 2 * HOUR_MS), token)).body.result).toEqual({
        userId: 'alice',
      });
      expect(stage.relay.getSession('one')?.principal?.expiresAt).toBeGreaterThan(Date.now() + HOUR_MS);
    });

    test('does not get back what it was granted before by an older one', async () => {
      await start({ authenticate: byToken });
      const older = tokenFor('alice', HOUR_MS);
      await create(older);
      await stats(tokenFor('alice', 2 * HOUR_MS, { canPublish: false }));
      await stats(older);
      expect(stage.relay.getSession('one')?.grants.canPublish).toBe(false);
    });
  });

  test('a request with an expired token is answered with 401', async () => {
    await start({ authenticate: byToken });
    const { status, body } = await create(tokenFor('alice', -1));
    expect([status, body.data.code]).toEqual([401, 'ERR_RELAY_EXPIRED']);
  });
}
