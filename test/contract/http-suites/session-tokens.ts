import { describe, expect, test } from 'vitest';
import { fakeOffer } from '../../../src/testing/index.js';
import type { HttpStage } from '../http-stage.js';

const BODY = { room_id: 'r', user_id: 7, sdp: fakeOffer() };
const PING = { id: 1, method: 'ping' };
const ROUTES = [
  ['GET', '/stats'],
  ['POST', '/signal'],
  ['GET', '/events'],
  ['DELETE', ''],
] as const;

export function sessionTokensSuite(stage: HttpStage): void {
  /** By plain fetch: the stage would send the token by itself. */
  const ask = async (method: string, path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${stage.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(method === 'POST' && { body: JSON.stringify(PING) }),
    });
    const body = response.status === 200 ? undefined : JSON.parse(await response.text());
    await response.body?.cancel().catch(() => {});
    return { status: response.status, message: body?.message };
  };
  const create = async (headers: Record<string, string> = {}) =>
    (await stage.request('POST', '/session', BODY, { headers })).body.data;

  describe('the session token', () => {
    test('is wanted of clients that the application does not name, by every request for a session', async () => {
      const { session_id: id, session_token: token } = await create();
      const other = await create();
      expect(token).toMatch(/^[\w-]{43}$/);
      for (const [method, path] of ROUTES) {
        const without = await ask(method, `/session/${id}${path}`);
        expect(without).toMatchObject({ status: 403, message: expect.stringContaining('sfu-session-token') });
        for (const wrong of ['', 'x', other.session_token])
          expect(await ask(method, `/session/${id}${path}`, { 'sfu-session-token': wrong })).toMatchObject({
            status: 403,
            message: 'The session token is not the one of this session.',
          });
      }
      // Nor is it taken from the URL, which logs and histories keep.
      expect((await ask('GET', `/session/${id}/stats?session_token=${token}`)).status).toBe(403);
      for (const [method, path] of ROUTES)
        expect((await ask(method, `/session/${id}${path}`, { 'sfu-session-token': token })).status).toBe(200);
    });

    test('of a named user is not wanted, and checked where it comes', async () => {
      await stage.start({ authenticate: ({ token = '' }) => ({ userId: token }) });
      const ada = { authorization: 'Bearer ada' };
      const { session_id: id, session_token: token } = await create(ada);
      const stats = (headers: Record<string, string>) => ask('GET', `/session/${id}/stats`, headers);
      expect((await stats(ada)).status).toBe(200);
      expect((await stats({ ...ada, 'sfu-session-token': token })).status).toBe(200);
      expect((await stats({ ...ada, 'sfu-session-token': 'x'.repeat(43) })).status).toBe(403);
      expect((await stats({ authorization: 'Bearer eve', 'sfu-session-token': token })).status).toBe(403);
    });

    test('lets a new session take the place of one whose client has lost it', async () => {
      const first = await create();
      const reader = await stage.events(first.session_id);
      const replaces = { session_id: first.session_id, session_token: first.session_token };
      const wrong = { ...replaces, session_token: 'x'.repeat(43) };
      const join = (body: object) => stage.request('POST', '/session', { ...BODY, ...body });
      expect((await join({ replaces: wrong })).body).toMatchObject({ data: { code: 'ERR_RELAY_FORBIDDEN' } });
      for (const malformed of ['x', {}, { sessionId: 'a', sessionToken: 'b' }])
        expect((await join({ replaces: malformed })).body).toMatchObject({
          message: expect.stringContaining('{session_id, session_token}'),
          data: { code: 'ERR_RELAY_INVALID_PARAMS' },
        });
      const { status, body } = await join({ replaces });
      expect(status).toBe(200);
      expect([...stage.relay.sessions.keys()]).toEqual([body.data.session_id]);
      const { data } = await reader.next(({ event }) => event === 'close');
      expect(data).toMatchObject({ code: 4409 });
      // One that has ended already is ignored.
      expect((await join({ replaces })).status).toBe(200);
      expect(stage.relay.sessions.size).toBe(1);
    });

    test('is nowhere in what a session says later', async () => {
      const { session_id: id, session_token: token } = await create();
      const reader = await stage.events(id);
      await reader.notified('offer');
      expect(JSON.stringify(reader.received)).not.toContain(token);
    });
  });
}
