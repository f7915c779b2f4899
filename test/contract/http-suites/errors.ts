import { describe, expect, test } from 'vitest';
import { RelayError } from '../../../src/index.js';
import { fakeOffer } from '../../../src/testing/index.js';
import { unauthorized } from '../../support/unauthorized.js';
import type { HttpStage } from '../http-stage.js';

const session = (overrides: object = {}) => ({ room_id: 'r', user_id: 1, sdp: fakeOffer(), ...overrides });

export function errorsSuite(stage: HttpStage): void {
  const { request, start } = stage;

  describe('what is refused', () => {
    test.each<[string, unknown, number, string]>([
      ['no JSON', '{"room_id":', 400, 'ERR_RELAY_PARSE'],
      ['no body', undefined, 400, 'ERR_RELAY_PARSE'],
      ['a list', [], 400, 'ERR_RELAY_INVALID_PARAMS'],
      ['no room', session({ room_id: undefined }), 400, 'ERR_RELAY_INVALID_PARAMS'],
      ['a room that is a number', session({ room_id: 5 }), 400, 'ERR_RELAY_INVALID_PARAMS'],
      ['a user that is an object', session({ user_id: {} }), 400, 'ERR_RELAY_INVALID_PARAMS'],
      ['a user with a fraction', session({ user_id: 1.5 }), 400, 'ERR_RELAY_INVALID_PARAMS'],
      ['an unknown role', session({ role: 'root' }), 400, 'ERR_RELAY_INVALID_PARAMS'],
      ['a session id of control characters', session({ session_id: 'a\n' }), 400, 'ERR_RELAY_INVALID_PARAMS'],
      ['auto_subscribe as a word', session({ auto_subscribe: 'no' }), 400, 'ERR_RELAY_INVALID_PARAMS'],
      ['no sdp', session({ sdp: undefined }), 400, 'ERR_RELAY_INVALID_PARAMS'],
      ['an empty sdp', session({ sdp: '' }), 400, 'ERR_RELAY_INVALID_PARAMS'],
      ['an sdp that is none', session({ sdp: 'v=0\r\n' }), 422, 'ERR_RELAY_INVALID_SDP'],
    ])('%s', async (_, body, status, code) => {
      const response = await request('POST', '/session', body);
      expect(response).toMatchObject({
        status,
        body: { code: expect.any(Number), message: expect.any(String), data: { code, retryable: false } },
      });
      expect(response.body.code).toBeLessThan(0);
      expect(stage.sfu.totalStreams).toBe(0);
    });

    test('a user id that loses digits in JSON: the error says what to send', async () => {
      const text = JSON.stringify(session()).replace('"user_id":1', '"user_id":12345678901234567890');
      const { status, body } = await request('POST', '/session', text);
      expect(status).toBe(400);
      expect(body.message).toContain('send it as a string');
    });

    test('a body longer than maxMessageBytes, by one byte', async () => {
      await start({ maxMessageBytes: 4_000 });
      const padded = (bytes: number) => {
        const empty = JSON.stringify(session({ pad: '' }));
        return JSON.stringify(session({ pad: 'x'.repeat(bytes - empty.length) }));
      };
      expect((await request('POST', '/session', padded(4_000))).status).toBe(200);
      expect(await request('POST', '/session', padded(4_001))).toMatchObject({
        status: 413,
        body: { data: { code: 'ERR_RELAY_TOO_LARGE' } },
      });
    });

    test('a session id that is taken', async () => {
      await request('POST', '/session', session({ session_id: 'one' }));
      const { status, body } = await request('POST', '/session', session({ session_id: 'one' }));
      expect([status, body.data.code]).toEqual([409, 'ERR_RELAY_SESSION_EXISTS']);
    });

    test.each([
      ['GET', '/session/none/stats'],
      ['DELETE', '/session/none'],
      ['GET', '/session/none/events'],
      ['POST', '/session/none/signal'],
      ['GET', '/session/%F0%9F%98%80/stats'],
    ])('%s %s: there is no such session', async (method, path) => {
      const body = method === 'POST' ? { id: 1, method: 'ping' } : undefined;
      expect(await request(method, path, body)).toMatchObject({
        status: 404,
        body: { data: { code: 'ERR_RELAY_SESSION_NOT_FOUND' } },
      });
    });

    test.each([
      ['PUT', '/session', 'POST'],
      ['POST', '/health', 'GET'],
      ['POST', '/session/x/stats', 'GET'],
      ['GET', '/session/x', 'DELETE'],
    ])('%s %s: the method is not for this path', async (method, path, allow) => {
      const { status, headers } = await request(method, path, method === 'GET' ? undefined : {});
      expect([status, headers.get('allow')]).toEqual([405, allow]);
    });

    test('a page of another origin', async () => {
      await start({ allowedOrigins: ['https://live.example.org'] });
      const post = (origin: string) => request('POST', '/session', session(), { headers: { origin } });
      expect((await post('https://evil.example.org')).status).toBe(403);
      expect((await post('https://live.example.org')).status).toBe(200);
    });
  });

  describe('who is refused', () => {
    const byToken = ({ token }: { token: string | undefined }) => {
      if (token === undefined) throw unauthorized('no token: do not tell');
      return { userId: token };
    };
    const as = (user: string) => ({ headers: { authorization: `Bearer ${user}` } });

    test('by a code of the application: 403, and the code reaches the client', async () => {
      await start({
        authenticate: () => {
          throw new RelayError('ERR_NO_COINS', 'You have no coins left.');
        },
      });
      const { status, body } = await request('POST', '/session', session());
      expect([status, body]).toEqual([
        403,
        {
          code: -32003,
          message: 'You have no coins left.',
          data: { code: 'ERR_RELAY_FORBIDDEN', appCode: 'ERR_NO_COINS', retryable: false },
        },
      ]);
    });

    test('while nobody can say who it is: 503, to be tried again', async () => {
      await start({ authenticate: () => Promise.reject(new Error('the database is down: do not tell')) });
      const { status, body } = await request('POST', '/session', session());
      expect([status, body]).toEqual([
        503,
        {
          code: -32002,
          message: 'Authentication is not available now: try again.',
          data: { code: 'ERR_RELAY_AUTH_UNAVAILABLE', retryable: true },
        },
      ]);
    });

    test('nobody: 401, and the reason is kept from the client', async () => {
      await start({ authenticate: byToken });
      const { status, headers, body } = await request('POST', '/session', session());
      expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
      expect(body).toEqual({
        code: -32001,
        message: 'Authentication failed.',
        data: { code: 'ERR_RELAY_UNAUTHENTICATED', retryable: false },
      });
    });

    test("another user: nobody reaches another's session, by any request", async () => {
      await start({ authenticate: byToken });
      await request('POST', '/session', session({ session_id: 'one' }), as('alice'));
      for (const [method, path] of [
        ['GET', '/session/one/stats'],
        ['GET', '/session/one/events'],
        ['POST', '/session/one/signal'],
        ['DELETE', '/session/one'],
      ] as const) {
        const body = method === 'POST' ? { id: 1, method: 'leave' } : undefined;
        const { status, body: refused } = await request(method, path, body, as('mallory'));
        expect([status, refused.data.code]).toEqual([403, 'ERR_RELAY_FORBIDDEN']);
      }
      expect((await request('GET', '/session/one/stats', undefined, as('alice'))).status).toBe(200);
    });

    test('a RelayError of the application reaches the client as it is', async () => {
      await start({
        authenticate: () => {
          throw new RelayError('ERR_RELAY_TOO_MANY', 'Come back later.');
        },
      });
      const { status, body } = await request('POST', '/session', session());
      expect([status, body.message, body.data.retryable]).toEqual([429, 'Come back later.', true]);
    });

    test('who wants more than the grants say', async () => {
      await start({ authenticate: () => ({ userId: '1', grants: { room: 'r', canPublish: false } }) });
      expect((await request('POST', '/session', session({ role: 'publisher' }))).status).toBe(403);
      expect((await request('POST', '/session', session({ room_id: 'vault' }))).status).toBe(403);
    });
  });

  describe('with the SFU', () => {
    test('down: 503, to be tried again', async () => {
      await stage.sfu.stop();
      expect(await request('POST', '/session', session())).toMatchObject({
        status: 503,
        body: { data: { code: 'ERR_RELAY_SFU_UNAVAILABLE', retryable: true } },
      });
    });

    test('silent: 504, and nothing is left', async () => {
      await start({ joinTimeoutMs: 100 });
      stage.sfu.script.onJoin = () => {};
      expect((await request('POST', '/session', session())).status).toBe(504);
      expect(stage.relay.sessions.size).toBe(0);
    });

    test.each([{ enabled: false }, { withoutRelay: true }])('switched off by %j: 503', async (options) => {
      await start(options);
      const { status, body } = await request('POST', '/session', session());
      expect([status, body.code, body.data.code]).toEqual([503, -32042, 'ERR_RELAY_DISABLED']);
    });
  });
}
